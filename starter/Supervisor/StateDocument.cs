using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>Who reads a state document.</summary>
internal enum StateReader
{
    /// <summary>A hook, on its stdin: the OCI state and nothing else.</summary>
    Hook,

    /// <summary>The sync socket: the OCI state, times and exit.</summary>
    Sync,

    /// <summary>state.json: everything.</summary>
    File,
}

/// <summary>
/// The container's state as JSON: the members that the master composed (mapped from its sealed memfd, never parsed), then
/// our own. Ours come last, so that no member of the same name in the master's part can stand for them.
/// The container stage, a fork, has the same mapping for its hooks.
/// </summary>
internal static unsafe class StateDocument
{
    // Fixed words, numbers, and one sentence about the exit.
    private const int OwnBytes = 2048;

    private const int Seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

    private static byte* s_prefix;
    private static ulong s_mapped;
    private static uint s_oci, s_own;

    /// <summary>True once <see cref="Adopt"/> worked.</summary>
    public static bool Present => s_prefix != null;

    /// <summary>Maps the master's part. <paramref name="memfd"/> stays the caller's.</summary>
    public static bool Adopt(int memfd, ref SaveState lengths)
    {
        ulong total = (ulong)lengths.OciLength + lengths.OwnLength;
        if (lengths.OciLength == 0 || total > Limits.StatePrefix)
            return Failure.Refuse("state"u8, "empty, or over the protocol's limit"u8);

        // Without the seals the sender could shorten the file later and every read here would be SIGBUS.
        stat info = default;
        int seals = Sys.fcntl(memfd, F_GET_SEALS, 0);
        if (seals < 0 || (seals & Seals) != Seals)
            return Failure.Refuse("state"u8, "not a sealed memory file"u8);
        if (Sys.fstat(memfd, &info) < 0 || (ulong)info.st_size < total)
            return Failure.Refuse("state"u8, "shorter than the message says"u8);

        // Private: older kernels map a write-sealed file in no other way.
        long mapped = Sys.mmap(null, total, PROT_READ, MAP_PRIVATE, memfd, 0);
        if (mapped < 0 && mapped > -4096)
            return Failure.Call("mmap"u8, mapped);

        if (s_prefix != null)
            Sys.munmap(s_prefix, s_mapped);
        s_prefix = (byte*)mapped;
        s_mapped = total;
        s_oci = lengths.OciLength;
        s_own = lengths.OwnLength;
        return true;
    }

    /// <summary>
    /// A memory file, at its beginning, with the OCI state for a hook's stdin; the caller closes it. Negative: see
    /// <see cref="Failure"/>. <paramref name="pid"/> is the payload's as the host sees it.
    /// </summary>
    public static int ForHook(ReadOnlySpan<byte> status, int pid)
    {
        int fd = Sys.memfd_create(CString.Of("state"u8), MFD_CLOEXEC);
        if (fd < 0)
        {
            Failure.Call("memfd_create"u8, fd);
            return fd;
        }

        if (Write(fd, StateReader.Hook, status, pid))
        {
            Sys.lseek(fd, 0, SEEK_SET);
            return fd;
        }

        Sys.close(fd);
        return -1;
    }

    /// <summary>Writes the document with the present status to a blocking descriptor.</summary>
    public static bool Write(int fd, StateReader reader) => Write(fd, reader, Facts.Name(Facts.Status), Facts.Pid);

    private static bool Write(int fd, StateReader reader, ReadOnlySpan<byte> status, int pid)
    {
        byte* buffer = stackalloc byte[OwnBytes];
        TextBuilder own = new TextBuilder(buffer, OwnBytes);
        bool priv = reader == StateReader.File && s_own != 0;
        own.Append(",\"status\":\""u8);
        own.Append(status);
        own.Append((byte)'"');
        Append(ref own, ",\"pid\":"u8, pid);
        if (reader != StateReader.Hook)
            AppendHistory(ref own);
        if (reader == StateReader.File)
            AppendIdentity(ref own);
        own.Append(reader == StateReader.File ? "}\n"u8 : "}"u8);
        if (own.Overflowed)
            return Failure.Refuse("state"u8, "the document's own members do not fit"u8);

        iovec* parts = stackalloc iovec[5];
        int count = 0;
        Part(parts, ref count, CString.Of("{"u8), 1);
        Part(parts, ref count, s_prefix, s_oci);
        if (priv)
        {
            Part(parts, ref count, CString.Of(","u8), 1);
            Part(parts, ref count, s_prefix + s_oci, s_own);
        }

        Part(parts, ref count, own.Text, (ulong)own.Length);
        return WriteAll(fd, parts, count);
    }

    private static void AppendHistory(ref TextBuilder to)
    {
        Append(ref to, ",\"createdAt\":"u8, Facts.CreatedAt);
        Append(ref to, ",\"startedAt\":"u8, Facts.StartedAt);
        Append(ref to, ",\"finishedAt\":"u8, Facts.FinishedAt);
        if (Facts.Status != ContainerStatus.Stopped)
            return;
        to.Append(",\"exitCode\":"u8);
        to.AppendDecimal(Facts.ExitCode);
        to.Append(",\"exitDesc\":\""u8);
        ExitReason.Append(ref to);
        to.Append((byte)'"');
        if (Facts.OomKilled)
            to.Append(",\"oomKilled\":true"u8);
    }

    private static void AppendIdentity(ref TextBuilder to)
    {
        Append(ref to, ",\"startTime\":"u8, (long)Facts.StartTime);
        to.Append(",\"supervisor\":{\"pid\":"u8);
        to.AppendDecimal(Sys.getpid());
        to.Append(",\"startTime\":"u8);
        to.AppendDecimal(Facts.OwnStartTime);
        to.Append((byte)'}');
    }

    // Absent rather than zero.
    private static void Append(ref TextBuilder to, ReadOnlySpan<byte> key, long value)
    {
        if (value == 0)
            return;
        to.Append(key);
        to.AppendDecimal(value);
    }

    private static void Part(iovec* parts, ref int count, byte* at, ulong length)
    {
        parts[count].iov_base = at;
        parts[count].iov_len = length;
        count++;
    }

    private static bool WriteAll(int fd, iovec* parts, int count)
    {
        int first = 0;
        while (first < count)
        {
            long written = Sys.writev(fd, parts + first, count - first);
            if (written < 0)
                return Failure.Call("writev"u8, written);
            while (first < count && (ulong)written >= parts[first].iov_len)
                written -= (long)parts[first++].iov_len;
            if (first < count)
            {
                parts[first].iov_base = (byte*)parts[first].iov_base + written;
                parts[first].iov_len -= (ulong)written;
            }
        }

        return true;
    }
}
