using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Payload;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Stages;
using Engine.Starter.Supervisor;

namespace Engine.Starter;

/// <summary>The starter's readers by number: what comes from the launch socket, the stage link, sealed memory, the administrator's and the image's files.</summary>
internal static unsafe class Readers
{
    // Numbers below are messages (Recoder), these the readers; tests/Fuzz/NativeProgram.cs has the same.
    private const int Launch = 64, Plan = 65, UserPlan = 66, Note = 67, Site = 68, Passwd = 69;

    // Status of a reader: it took the bytes, refused them, or took what it must not.
    private const int Taken = 0, Refused = 1, Broken = 254;

    private struct Store
    {
        public fixed byte Frame[StageLink.NoteBytes];
        public fixed byte Home[PATH_MAX];
    }

    private static Store s_store;

    /// <summary>The caller is who runs this.</summary>
    public static bool Prepare() => Caller.Capture();

    public static int Read(int kind, byte* at, int length, byte* output, int capacity, out int written)
    {
        written = 0;
        Failure.Clear();
        Facts.Workflow = kind == UserPlan ? Workflow.Setuid : Workflow.Root;
        switch (kind)
        {
            case Launch: return ReadLaunch(at, length);
            case Plan: return ReadPlan(at, length);
            case UserPlan: return ReadPlan(at, length) == Taken ? Permitted() : Refused;
            case Note: return ReadNote(at, length);
            case Site: return ReadSite(at, length, output, out written);
            case Passwd: return ReadPasswd(at, length, output, out written);
            default: return Recoder.Recode(kind, at, length, output, capacity, out written);
        }
    }

    // A datagram with two descriptors, which is what most records want too few or too many of.
    private static int ReadLaunch(byte* at, int length)
    {
        int* pair = stackalloc int[2];
        if (Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
            return Broken;
        int* some = stackalloc int[2];
        some[0] = some[1] = 0;
        Channel.Send(pair[1], at, length < Limits.Frame ? length : Limits.Frame, some, 2, MSG_DONTWAIT);
        Sys.close(pair[1]);
        Sys.dup3(pair[0], Stage0Entry.LaunchSocket, 0);
        if (pair[0] != Stage0Entry.LaunchSocket)
            Sys.close(pair[0]);
        bool taken = LaunchRecord.Receive();
        bool good = !taken || LaunchRecord.IsLeaf(LaunchRecord.Launch.Id);
        Sys.close_range(Stage0Entry.LaunchSocket, uint.MaxValue, 0);
        return !good ? Broken : taken ? Taken : Said();
    }

    private static int ReadPlan(byte* at, int length)
    {
        int file = Sys.memfd_create(CString.Of("plan"u8), MFD_CLOEXEC | MFD_ALLOW_SEALING);
        Sys.WriteAll(file, new System.ReadOnlySpan<byte>(at, length));
        Sys.fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        return PayloadPlan.Load(file) ? Taken : Said();
    }

    // What the policy promises of a plan that it let pass.
    private static int Permitted()
    {
        ref ProcessPlan plan = ref PayloadPlan.Plan;
        bool good = plan.Uid == Caller.Uid && plan.Gid == Caller.Gid && PayloadPlan.Has(ProcessFlags.NoNewPrivileges) && PayloadPlan.Has(ProcessFlags.HasCapabilities) &&
            (plan.Bounding | plan.Permitted | plan.Effective | plan.Inheritable | plan.Ambient) == 0;
        return good ? Taken : Broken;
    }

    private static int ReadNote(byte* at, int length)
    {
        int* pair = stackalloc int[2];
        if (Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
            return Broken;
        int one = 0;
        Channel.Send(pair[1], at, length < Limits.Frame ? length : Limits.Frame, &one, 1, MSG_DONTWAIT);
        Arrival arrival;
        fixed (byte* frame = s_store.Frame)
        {
            Inbox inbox = new Inbox(frame, StageLink.NoteBytes);
            arrival = StageLink.Receive(pair[0], ref inbox, out StageNote note, MSG_DONTWAIT);
            inbox.CloseAll();
            if (arrival == Arrival.Message && note.Kind == (uint)StageNoteKind.Failed)
                Failure.Adopt(ref note.Error);
        }

        Sys.close(pair[0]);
        Sys.close(pair[1]);
        return arrival == Arrival.Message ? Taken : Refused;
    }

    private static int ReadSite(byte* at, int length, byte* output, out int written)
    {
        SiteConfigError error = SiteConfig.Parse(at, length, out SiteConfig config, out int line);
        TextBuilder text = new TextBuilder(output, 256);
        SiteSummary.Write(ref text, error, line, ref config);
        written = text.Length;
        return error == SiteConfigError.None ? Taken : Refused;
    }

    private static int ReadPasswd(byte* at, int length, byte* output, out int written)
    {
        written = 0;
        int file = Sys.memfd_create(CString.Of("passwd"u8), MFD_CLOEXEC);
        Sys.WriteAll(file, new System.ReadOnlySpan<byte>(at, length));
        Sys.lseek(file, 0, SEEK_SET);
        fixed (byte* home = s_store.Home)
        {
            written = HomeDirectory.Search(file, 0, home);
            for (int i = 0; i < written; i++)
                output[i] = home[i];
        }

        Sys.close(file);
        return Taken;
    }

    // A refusal has a reason.
    private static int Said() => Failure.Any ? Refused : Broken;
}
