using Engine.Shared.Policy;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>The administrator's file, read once by stage 0 of the set-uid workflow, and whether this caller may come in at all.</summary>
internal static unsafe class Site
{
    private struct Buffer
    {
        public fixed byte Bytes[SiteConfig.MaxBytes + 1];
    }

    private static Buffer s_buffer;
    private static SiteConfig s_config;

    private static ReadOnlySpan<byte> Path => "/etc/engine/engine.conf"u8;

    /// <summary>What the file says.</summary>
    public static ref SiteConfig Config => ref s_config;

    /// <summary>Reads it; needs root's rights for files. Whatever is wrong with it closes the workflow.</summary>
    public static bool Load()
    {
        int fd = TrustedPath.Open(Path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
            return Closed();
        bool loaded = Read(fd);
        Sys.close(fd);
        return loaded;
    }

    /// <summary>Whether the file lets <see cref="Caller"/> in.</summary>
    public static bool Admits()
    {
        if (!s_config.AllowSetuid)
            return Rules.Deny(PolicyRule.SiteSetuid);
        bool denied = SiteConfig.Lists(s_config.DenyUsers, Caller.Uid) || InGroups(s_config.DenyGroups);
        bool open = s_config.AllowUsers.IsEmpty && s_config.AllowGroups.IsEmpty;
        bool allowed = open || SiteConfig.Lists(s_config.AllowUsers, Caller.Uid) || InGroups(s_config.AllowGroups);
        return (allowed && !denied) || Rules.Deny(PolicyRule.SiteUser);
    }

    /// <summary>Opens a program of libexec (root's, regular, executable by the caller) as O_PATH; negative leaves a failure.</summary>
    public static int OpenProgram(ReadOnlySpan<byte> name)
    {
        byte* buffer = stackalloc byte[PATH_MAX];
        TextBuilder path = new TextBuilder(buffer, PATH_MAX);
        if (s_config.Libexec.IsEmpty)
            path.Append("/usr/local/libexec/engine"u8);
        else
            path.Append(new ReadOnlySpan<byte>(s_config.Libexec.At, s_config.Libexec.Length));
        path.AppendPath(name);
        int fd = TrustedPath.Open(path.Span, O_PATH);
        if (fd < 0)
            Failure.Append(" (libexec in engine.conf says where master and pump are installed)"u8);
        return fd;
    }

    private static bool InGroups(Text list)
    {
        for (int i = 0; i < Caller.GroupCount; i++)
        {
            if (SiteConfig.Lists(list, Caller.Groups[i]))
                return true;
        }

        return SiteConfig.Lists(list, Caller.Gid);
    }

    private static bool Read(int fd)
    {
        stat info;
        int result = Sys.fstat(fd, &info);
        if (result < 0)
            return Failure.Call("fstat"u8, Path, result);
        if ((info.st_mode & S_IFMT) != S_IFREG || info.st_nlink != 1)
        {
            Failure.Call("trust"u8, Path, 0);
            Failure.Explain("not a regular file with one name"u8);
            return Closed();
        }

        fixed (byte* at = s_buffer.Bytes)
        {
            long length = Sys.ReadAll(fd, at, SiteConfig.MaxBytes + 1);
            if (length < 0)
                return Failure.Call("read"u8, Path, length);
            SiteConfigError error = SiteConfig.Parse(at, (int)length, out s_config, out int line);
            if (error == SiteConfigError.None)
                return true;
            byte* buffer = stackalloc byte[128];
            TextBuilder words = new TextBuilder(buffer, 128);
            words.Append("line "u8);
            words.AppendDecimal(line);
            words.Append(": "u8);
            words.Append(SiteConfig.Words(error));
            Failure.Call("policy: site.file"u8, Path, 0);
            Failure.Explain(words.Span);
            return Closed();
        }
    }

    // What was wrong with it, then what follows from that.
    private static bool Closed()
    {
        Failure.Append("; "u8);
        Failure.Append(PolicyTable.Reason(PolicyRule.SiteFile));
        return false;
    }
}
