using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>What clients send: first the choice between raw bytes and frames, then input for the payload and small orders.</summary>
internal static unsafe class ClientInput
{
    /// <summary>
    /// How many bytes may be read from it now: what the payload's stdin has room for, and while that is full the next bytes
    /// that are no input, so that somebody else's input keeps nobody from attaching or resizing.
    /// </summary>
    public static int Allowed(Client* client)
    {
        int room = Stdin.Room;
        if (room > 0)
            return room < Memory.ReceiveBytes ? room : Memory.ReceiveBytes;
        if (client->Mode == ClientMode.Raw)
            return 0;
        if (client->Mode == ClientMode.Unknown)
            return AttachFrame.Magic.Length - client->HeaderLength;
        if (client->HeaderLength < AttachFrame.HeaderBytes)
            return AttachFrame.HeaderBytes - client->HeaderLength;
        return client->Header[0] == AttachFrame.Stdin ? 0 : (int)client->InputLeft;
    }

    /// <summary>Reads what is allowed.</summary>
    public static void Read(Client* client, long now)
    {
        int allowed = Allowed(client);
        if (allowed == 0)
            return;
        byte* buffer = Memory.Receive;
        long n = Sys.read(client->Fd, buffer, (ulong)allowed);
        if (n == -EAGAIN)
            return;
        if (n <= 0)
        {
            client->InputEnded = true;
            if (client->Mode == ClientMode.Unknown)
                DecideRaw(client);
            if (n < 0)
                client->OutputEnded = true;
            return;
        }

        Memory.Touched((int)n);
        bool ok = true;
        byte* end = buffer + n;
        while (buffer < end && ok)
        {
            int left = (int)(end - buffer);
            switch (client->Mode)
            {
                case ClientMode.Unknown:
                    buffer += Guess(client, buffer, left, now);
                    break;
                case ClientMode.Raw:
                    Stdin.Add(buffer, left);
                    buffer = end;
                    break;
                default:
                    ok = Frame(client, ref buffer, left);
                    break;
            }
        }
        // Nothing that follows a broken frame can be told from input: the connection ends, and only that.
        if (!ok)
            Clients.Close(client);
    }

    /// <summary>What was held as the beginning of a magic is input.</summary>
    public static void DecideRaw(Client* client)
    {
        client->Mode = ClientMode.Raw;
        client->HoldUntil = 0;
        client->GuessUntil = 0;
        if (client->HeaderLength > 0)
        {
            fixed (byte* magic = AttachFrame.Magic)
                Stdin.Add(magic, client->HeaderLength);
        }
        client->HeaderLength = 0;
    }

    // Returns how many bytes it used.
    private static int Guess(Client* client, byte* at, int count, long now)
    {
        ReadOnlySpan<byte> magic = AttachFrame.Magic;
        int used = 0;
        while (used < count && client->HeaderLength < magic.Length)
        {
            if (at[used] != magic[client->HeaderLength])
            {
                DecideRaw(client);
                return used;
            }
            client->HeaderLength++;
            used++;
        }
        if (client->HeaderLength == magic.Length)
            DecideFramed(client);
        else if (client->GuessUntil == 0)
            client->GuessUntil = now + Client.Patience;
        return used;
    }

    private static void DecideFramed(Client* client)
    {
        client->Mode = ClientMode.Framed;
        client->HoldUntil = 0;
        client->GuessUntil = 0;
        client->HeaderLength = 0;
        Bytes.Copy(client->Queue(AttachFrame.Magic.Length), AttachFrame.Magic);
        // Whatever a late client was shown raw, it is told once where live output begins.
        client->Replaying = true;
        uint rest = (uint)(client->FrameEnd - client->Position);
        if (rest == 0)
            return;
        if (client->Position >= Ring.Tail)
        {
            // It was late and is in the middle of raw output: the rest of that chunk becomes a frame of its own.
            Ring.WriteHeader(client->Queue(AttachFrame.HeaderBytes), client->Tag, rest);
            return;
        }
        // The ring has dropped that rest already; it belongs to the gap that is told next.
        client->FrameEnd = client->Position;
        client->Content -= rest;
    }

    // One step: the header, or what there is of the content. False for what is no frame.
    private static bool Frame(Client* client, ref byte* at, int count)
    {
        if (client->HeaderLength < AttachFrame.HeaderBytes)
        {
            client->Header[client->HeaderLength++] = *at++;
            return client->HeaderLength < AttachFrame.HeaderBytes || Header(client);
        }

        int taken = client->InputLeft < (uint)count ? (int)client->InputLeft : count;
        if (client->Header[0] == AttachFrame.Stdin)
        {
            Stdin.Add(at, taken);
        }
        else
        {
            for (int i = 0; i < taken; i++)
                client->Short[client->ShortLength++] = at[i];
        }
        at += taken;
        client->InputLeft -= (uint)taken;
        if (client->InputLeft > 0)
            return true;
        client->HeaderLength = 0;
        return client->Header[0] == AttachFrame.Stdin || Order(client);
    }

    private static bool Header(Client* client)
    {
        byte* h = client->Header;
        uint length = ((uint)h[1] << 24) | ((uint)h[2] << 16) | ((uint)h[3] << 8) | h[4];
        client->InputLeft = length;
        client->ShortLength = 0;
        switch (h[0])
        {
            case AttachFrame.Stdin:
                if (length == 0)
                {
                    client->HeaderLength = 0;
                    Stdin.End();
                }
                return length <= AttachFrame.MaxContent;
            case AttachFrame.Resize:
                return length == 4;
            case AttachFrame.Flow:
                return length == 1;
            default:
                return false;
        }
    }

    private static bool Order(Client* client)
    {
        byte* s = client->Short;
        if (client->Header[0] == AttachFrame.Resize)
        {
            Stdio.Resize((ushort)((s[0] << 8) | s[1]), (ushort)((s[2] << 8) | s[3]));
            return true;
        }
        client->Flow = (AttachFlow)s[0];
        return s[0] <= (byte)AttachFlow.Hold;
    }
}
