namespace Engine.Starter;

/// <summary>Who the process is: asked of the kernel, not of /proc, which a container may not have.</summary>
internal static unsafe class Identity
{
    public static void Ids()
    {
        uint* id = stackalloc uint[3];
        Sys.getresuid(id, id + 1, id + 2);
        Three("uid"u8, id, Sys.setfsuid(uint.MaxValue));
        Sys.getresgid(id, id + 1, id + 2);
        Three("gid"u8, id, Sys.setfsgid(uint.MaxValue));

        const int max = 256;
        uint* groups = stackalloc uint[max];
        int count = Sys.getgroups(max, groups);
        byte* buffer = stackalloc byte[4096];
        TextBuilder text = new TextBuilder(buffer, 4096);
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
                text.Append((byte)' ');
            text.AppendDecimal(groups[i]);
        }
        Out.Line("groups"u8, text.Span);
    }

    /// <summary>The five sets.</summary>
    public static void Capabilities()
    {
        __user_cap_header_struct header = default;
        header.version = _LINUX_CAPABILITY_VERSION_3;
        __user_cap_data_struct* data = stackalloc __user_cap_data_struct[2];
        Sys.capget(&header, data);
        Out.Set("inheritable"u8, data[0].inheritable | (ulong)data[1].inheritable << 32);
        Out.Set("permitted"u8, data[0].permitted | (ulong)data[1].permitted << 32);
        Out.Set("effective"u8, data[0].effective | (ulong)data[1].effective << 32);
        ulong bounding = 0, ambient = 0;
        for (int i = 0; i < 64; i++)
        {
            if (Sys.prctl(PR_CAPBSET_READ, i) == 1)
                bounding |= 1UL << i;
            if (Sys.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i) == 1)
                ambient |= 1UL << i;
        }
        Out.Set("bounding"u8, bounding);
        Out.Set("ambient"u8, ambient);
    }

    /// <summary>What else survives an execve: flags, mask, dispositions, umask, session.</summary>
    public static void Status()
    {
        Out.Line("no_new_privs"u8, Sys.prctl(PR_GET_NO_NEW_PRIVS));
        Out.Line("seccomp"u8, Sys.prctl(PR_GET_SECCOMP));
        Out.Line("dumpable"u8, Sys.prctl(PR_GET_DUMPABLE));
        Out.Line("securebits"u8, Sys.prctl(PR_GET_SECUREBITS));
        int deathSignal = 0;
        Sys.prctl(PR_GET_PDEATHSIG, &deathSignal);
        Out.Line("pdeathsig"u8, deathSignal);
        ulong mask = 0;
        Sys.rt_sigprocmask(SIG_BLOCK, null, &mask);
        Out.Set("blocked"u8, mask);
        Out.Set("ignored"u8, Ignored());
        byte* buffer = stackalloc byte[16];
        TextBuilder text = new TextBuilder(buffer, 16);
        text.Append((byte)'0');
        text.AppendOctal(Sys.umask(0));
        Out.Line("umask"u8, text.Span);
        Out.Line("pid"u8, Sys.getpid());
        Out.Line("ppid"u8, Sys.getppid());
        Out.Line("session"u8, Sys.getsid(0));
    }

    public static void Rlimits()
    {
        byte* buffer = stackalloc byte[64];
        for (int i = 0; i < 16; i++)
        {
            rlimit64 limit = default;
            Sys.prlimit64(0, i, null, &limit);
            TextBuilder text = new TextBuilder(buffer, 64);
            Limit(ref text, limit.rlim_cur);
            text.Append((byte)' ');
            Limit(ref text, limit.rlim_max);
            Out.Line(RlimitNames.Name(i), text.Span);
        }
    }

    private static void Limit(ref TextBuilder text, ulong value)
    {
        if (value == ulong.MaxValue)
            text.Append("unlimited"u8);
        else
            text.AppendDecimal(value);
    }

    private static ulong Ignored()
    {
        ulong set = 0;
        for (int signal = 1; signal <= 64; signal++)
        {
            kernel_sigaction action = default;
            if (Sys.rt_sigaction(signal, null, &action) == 0 && action.sa_handler == SIG_IGN)
                set |= 1UL << (signal - 1);
        }
        return set;
    }

    // real effective saved filesystem
    private static void Three(ReadOnlySpan<byte> name, uint* id, uint filesystem)
    {
        byte* buffer = stackalloc byte[64];
        TextBuilder text = new TextBuilder(buffer, 64);
        for (int i = 0; i < 3; i++)
        {
            text.AppendDecimal(id[i]);
            text.Append((byte)' ');
        }
        text.AppendDecimal(filesystem);
        Out.Line(name, text.Span);
    }
}
