namespace Engine.Starter;

/// <summary>
/// stdin: cases of a kind (1 byte), a length (4 bytes, little-endian) and that many bytes. stdout, for each: a status (1 byte), a length, and
/// what the reader made of it. Ends with its input; a reader that reads behind its input ends it, too, for there is no page behind.
/// </summary>
internal static unsafe class Program
{
    private const int Capacity = 256 * 1024, Page = 4096;

    private static Answer s_answer;

    private struct Answer
    {
        public fixed byte Bytes[Capacity];
    }

    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv)
    {
        byte* end = Guarded();
        if (end == null || !Readers.Prepare())
            return 4;
        fixed (byte* output = s_answer.Bytes)
        {
            byte* head = stackalloc byte[5];
            while (ReadAll(head, 5))
            {
                int length = head[1] | (head[2] << 8) | (head[3] << 16) | (head[4] << 24);
                if ((uint)length > Capacity || !ReadAll(end - length, length))
                    return 2;
                int status = Readers.Read(head[0], end - length, length, output, Capacity, out int written);
                head[0] = (byte)status;
                for (int i = 0; i < 4; i++)
                    head[1 + i] = (byte)(written >> (i * 8));
                if (Sys.WriteAll(1, new System.ReadOnlySpan<byte>(head, 5)) < 0 || Sys.WriteAll(1, new System.ReadOnlySpan<byte>(output, written)) < 0)
                    return 3;
            }
        }

        return 0;
    }

    // The end of memory that may be touched.
    private static byte* Guarded()
    {
        long at = Sys.mmap(null, Capacity + Page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at < 0 && at > -Page)
            return null;
        byte* end = (byte*)at + Capacity;
        return Sys.mprotect(end, Page, PROT_NONE) < 0 ? null : end;
    }

    private static bool ReadAll(byte* at, int count)
    {
        for (int done = 0; done < count;)
        {
            long n = Sys.read(0, at + done, (ulong)(count - done));
            if (n <= 0)
                return false;
            done += (int)n;
        }

        return true;
    }
}
