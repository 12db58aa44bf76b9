namespace Engine.Starter;

/// <summary>The verbs. Each says how many of the following words are its arguments.</summary>
internal static unsafe class Program
{
    /// <summary>Runs the verbs in order. 0, or 2 for an unknown verb; some verbs do not return.</summary>
    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv)
    {
        int at = 1;
        while (at < argc)
        {
            byte* verb = argv[at];
            byte** rest = argv + at + 1;
            int used = Look(verb, argc, argv, envp);
            if (used < 0)
                used = Act(verb, rest, argc - at - 1, envp);
            if (used < 0)
            {
                Out.Line("unknown verb or missing argument"u8, CString.Span(verb));
                return 2;
            }
            at += 1 + used;
        }
        return 0;
    }

    // Verbs without arguments: what the process is.
    private static int Look(byte* verb, int argc, byte** argv, byte** envp)
    {
        if (CString.Equals(verb, "id"u8))
            Identity.Ids();
        else if (CString.Equals(verb, "caps"u8))
            Identity.Capabilities();
        else if (CString.Equals(verb, "status"u8))
            Identity.Status();
        else if (CString.Equals(verb, "rlimits"u8))
            Identity.Rlimits();
        else if (CString.Equals(verb, "sched"u8))
            Scheduling.Show();
        else if (CString.Equals(verb, "ns"u8))
            Surroundings.Namespaces();
        else if (CString.Equals(verb, "fds"u8))
            Surroundings.Descriptors();
        else if (CString.Equals(verb, "cwd"u8))
            Surroundings.WorkingDirectory();
        else if (CString.Equals(verb, "env"u8))
            Surroundings.Strings("env"u8, envp, int.MaxValue);
        else if (CString.Equals(verb, "args"u8))
            Surroundings.Strings("arg"u8, argv, argc);
        else if (CString.Equals(verb, "host"u8))
            Surroundings.Host();
        else if (CString.Equals(verb, "tty"u8))
            Surroundings.Terminal();
        else if (CString.Equals(verb, "mounts"u8))
            Surroundings.Show(CString.Of("/proc/self/mountinfo"u8));
        else if (CString.Equals(verb, "counter"u8))
            Actions.Counter();
        else if (CString.Equals(verb, "echo"u8))
            Actions.Echo();
        else if (CString.Equals(verb, "orphan"u8))
            Actions.Orphan();
        else if (CString.Equals(verb, "forever"u8))
            Actions.Sleep(ulong.MaxValue);
        else
            return -1;
        return 0;
    }

    // Verbs with arguments: what the process does.
    private static int Act(byte* verb, byte** rest, int count, byte** envp)
    {
        ulong number = 0;
        bool isNumber = count > 0 && Number.TryParse(CString.Span(rest[0]), out number);
        if (count < 1)
            return -1;
        if (CString.Equals(verb, "cat"u8))
            Surroundings.Show(rest[0]);
        else if (CString.Equals(verb, "stat"u8))
            Surroundings.Stat(rest[0]);
        else if (CString.Equals(verb, "readlink"u8))
            Surroundings.Link(rest[0]);
        else if (CString.Equals(verb, "create"u8))
            Actions.Create(rest[0]);
        else if (CString.Equals(verb, "type"u8))
            Actions.Type(rest[0]);
        else if (CString.Equals(verb, "say"u8))
            Out.Line("say"u8, CString.Span(rest[0]));
        else if (CString.Equals(verb, "write"u8) && count > 1)
            return Actions.Write(rest[0], rest[1]);
        else if (CString.Equals(verb, "master"u8))
            Relay.Run();
        else if (CString.Equals(verb, "exec"u8))
            return Actions.Exec(rest, envp);
        else if (!isNumber)
            return -1;
        else if (CString.Equals(verb, "exit"u8))
            Sys.exit_group((int)number);
        else if (CString.Equals(verb, "sleep"u8))
            Actions.Sleep(number);
        else if (CString.Equals(verb, "spam"u8))
            Actions.Spam(number, 63);
        else if (CString.Equals(verb, "line"u8))
            Actions.Spam(number, ulong.MaxValue);
        else if (CString.Equals(verb, "signal"u8))
            Sys.kill(Sys.getpid(), (int)number);
        else if (CString.Equals(verb, "ignore"u8))
            Actions.Ignore((int)number);
        else if (CString.Equals(verb, "syscall"u8))
            return Actions.TrySystemCall(rest, count);
        else
            return -1;
        return 1;
    }
}
