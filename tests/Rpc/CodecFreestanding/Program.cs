namespace Engine.Starter;

/// <summary>
/// stdin: cases of a kind (1 byte), a length (4 bytes, little-endian) and that many bytes. stdout, for each: a status (1 byte, 255 for no
/// such kind), a length, and the message as it was written again. Ends with its input.
/// </summary>
internal static unsafe class Program
{
    private const int Capacity = 64 * 1024;
    private static Buffer _input, _output;

    private struct Buffer
    {
        public fixed byte Bytes[Capacity];
    }

    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv)
    {
        fixed (byte* input = _input.Bytes, output = _output.Bytes)
        {
            byte* head = stackalloc byte[5];
            while (ReadAll(0, head, 5))
            {
                int length = head[1] | (head[2] << 8) | (head[3] << 16) | (head[4] << 24);
                if ((uint)length > Capacity || !ReadAll(0, input, length))
                    return 2;
                int status = Recoder.Recode(head[0], input, length, output, Capacity, out int written);
                head[0] = (byte)status;
                for (int i = 0; i < 4; i++)
                    head[1 + i] = (byte)(written >> (i * 8));
                if (!WriteAll(1, head, 5) || !WriteAll(1, output, written))
                    return 3;
            }
        }
        return 0;
    }

    private static bool ReadAll(int fd, byte* at, int count)
    {
        for (int done = 0; done < count;)
        {
            long n = Sys.read(fd, at + done, (ulong)(count - done));
            if (n <= 0)
                return false;
            done += (int)n;
        }
        return true;
    }

    private static bool WriteAll(int fd, byte* at, int count)
    {
        for (int done = 0; done < count;)
        {
            long n = Sys.write(fd, at + done, (ulong)(count - done));
            if (n < 0)
                return false;
            done += (int)n;
        }
        return true;
    }
}
