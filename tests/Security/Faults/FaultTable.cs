namespace Engine.Tests.Security.Faults;

/// <summary>Every broken build. Each must be caught by an entry; one that is not fails the suite.</summary>
internal static class FaultTable
{
    private const string RootPath = "starter/Container/RootPath.cs", MissingPath = "starter/Container/MissingPath.cs", Masks = "starter/Container/Masks.cs",
        Attributes = "starter/Container/MountAttributes.cs", Filesystems = "starter/Container/Filesystems.cs", Consoles = "starter/Container/Consoles.cs",
        Nodes = "starter/Container/Nodes.cs", Privileges = "starter/Privileges.cs", Entry = "starter/Stages/Stage0Entry.cs", Payload = "starter/Payload/PayloadProcess.cs",
        Cwd = "starter/Payload/WorkingDirectory.cs";

    public static IReadOnlyList<Fault> All { get; } =
    [
        new("follow-links", "lookups below the root follow a link out of it",
            new Edit(RootPath, "Sys.openat2(Root, path.At, flags | O_PATH | O_CLOEXEC, 0, resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);",
                "Sys.openat2(Root, path.Length > 1 ? path.At + 1 : CString.Of(\".\"u8), flags | O_PATH | O_CLOEXEC, 0, resolve);")),
        new("second-lookup", "a path that was found is looked up again, by its name on the host",
            new Edit(RootPath, "public static int TryFind(Text path, int flags = 0, ulong resolve = 0) =>", """
                public static int TryFind(Text path, int flags = 0, ulong resolve = 0)
                {
                    int found = First(path, flags, resolve);
                    byte* name = stackalloc byte[64];
                    byte* target = stackalloc byte[PATH_MAX + 1];
                    TextBuilder link = new TextBuilder(name, 64);
                    link.Append("/proc/self/fd/"u8);
                    link.AppendDecimal(found);
                    long length = found < 0 ? -1 : Sys.readlinkat(AT_FDCWD, link.Text, target, PATH_MAX);
                    if (length <= 1)
                        return found;
                    target[length] = 0;
                    int again = Sys.openat2(AT_FDCWD, target, flags | O_PATH | O_CLOEXEC, 0, 0);
                    if (again < 0)
                        return found;
                    Sys.close(found);
                    return again;
                }

                private static int First(Text path, int flags, ulong resolve) =>
                """)),
        new("made-by-name", "what was just made is opened again by its name, links and all",
            new Edit(MissingPath, "int fd = Sys.openat2(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RootPath.Strict);", "int fd = Sys.openat(parent, name, O_PATH | O_CLOEXEC, 0);")),
        new("proc-anywhere", "proc and sysfs are mounted behind links, too",
            new Edit(Filesystems, "ulong resolve = (request.Flags & (uint)MountFlags.NoSymlink) != 0 ? (ulong)RESOLVE_NO_SYMLINKS : 0;", "ulong resolve = 0;")),
        new("hosts-anywhere", "the host's proc and sysfs, bound in the place of new ones, are mounted behind links, too",
            new Edit("starter/Container/Binds.cs", "kernels ? (ulong)RESOLVE_NO_SYMLINKS : 0", "0")),
        new("console-opens", "the place of the console is opened, and made, by its name",
            new Edit(Consoles, "target = RootPath.Leaf(parent, leaf, path);", "target = Sys.openat(parent, leaf, O_PATH | O_CLOEXEC, 0);"),
            new Edit(Consoles, "int result = Sys.mknodat(parent, leaf, S_IFREG | ConsoleMode, 0);", "int result = Sys.openat(parent, leaf, O_CREAT | O_WRONLY | O_NOCTTY | O_CLOEXEC, ConsoleMode);")),
        new("peer-by-path", "the terminal's other side is opened at /dev/pts of the container",
            new Edit(Consoles, "peer = result = Sys.ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);",
                "peer = result = Sys.openat2(RootPath.Root, CString.Of(\"dev/pts/0\"u8), O_RDWR | O_NOCTTY | O_CLOEXEC, 0, RESOLVE_IN_ROOT);")),
        new("nodes-unchecked", "a device node that is there is taken for the one that is wanted",
            new Edit(Nodes, "else if ((status.st_mode & S_IFMT) != type || (type != S_IFIFO && status.st_rdev != number))", "else if ((status.st_mode & S_IFMT) == 0)")),
        new("mask-any-null", "masks are made of the container's /dev/null, whatever it is",
            new Edit(Masks, "if (s_null < 0)\n        {", "int found = RootPath.TryFind(new Text(CString.Of(\"/dev/null\"u8), 9));\n        if (found >= 0)\n            return MountAttributes.Clone(found, false, path);\n        if (s_null < 0)\n        {")),
        new("mask-roomy", "the empty directory of masks has room",
            new Edit(Masks, "byte* one = CString.Of(\"1\"u8);", "byte* one = CString.Of(\"100\"u8);")),
        new("readonly-top", "only the topmost mount of a read-only path is made so",
            new Edit(Masks, "MountAttributes.Set(mount, MOUNT_ATTR_RDONLY, 0, true, request.Path)", "MountAttributes.Set(mount, MOUNT_ATTR_RDONLY, 0, false, request.Path)")),
        new("no-readonly", "ro is forgotten",
            new Edit(Attributes, "attributes.attr_set = set;", "attributes.attr_set = set & ~(ulong)MOUNT_ATTR_RDONLY;")),
        new("no-nosuid", "nosuid is forgotten",
            new Edit(Attributes, "attributes.attr_set = set;", "attributes.attr_set = set & ~(ulong)MOUNT_ATTR_NOSUID;")),
        new("host-shared", "the container's mounts stay in the host's peer groups",
            new Edit(Attributes, "if (propagation == 0)\n            return true;", "if (propagation != 0)\n            return true;")),
        new("proc-of-container", "the procfs that is written to is the one that the container shows",
            new Edit("starter/Container/PrivateProc.cs", "byte* type = CString.Of(\"proc\"u8);", "if (RootPath.Root >= 0)\n            return RootPath.Find(new Text(CString.Of(\"/proc\"u8), 5), O_DIRECTORY);\n        byte* type = CString.Of(\"proc\"u8);"),
            new Edit("starter/Container/PrivateProc.cs", "RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS", "0")),
        new("sysctl-any", "every sysctl is taken for one of the container's",
            new Edit("starter/Container/KernelSettings.cs", "if (kind == 0)\n", "if (kind == 0 && request.Key.Length == 0)\n"),
            new Edit("starter/Container/KernelSettings.cs", "if (!ContainerStage.Owns(kind))\n", "if (kind != 0 && !ContainerStage.Owns(kind))\n"),
            new Edit("starter/Container/KernelSettings.cs", "if (!WellFormed(request.Key))\n", "if (request.Key.Length == 0)\n")),
        new("uts-of-host", "the hostname is set in whatever uts namespace there is",
            new Edit("starter/Container/KernelSettings.cs", "if (!ContainerStage.Owns(CLONE_NEWUTS))\n            return Failure.Refuse(\"sethostname\"u8, request.Name, \"the uts namespace is the host's\"u8);\n", "")),
        new("copy-follows", "tmpcopyup follows links",
            new Edit("starter/Container/CopyUp.cs", "int node = Sys.openat2(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, Strict);", "int node = Sys.openat(from, name, O_PATH | O_CLOEXEC, 0);"),
            new Edit("starter/Container/CopyUp.cs", "int source = Sys.openat2(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, Strict);", "int source = Sys.openat(from, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);"),
            new Edit("starter/Container/CopyUp.cs", "int below = Sys.openat2(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, Strict);", "int below = Sys.openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);")),
        new("keep-descriptors", "nothing is closed that was not opened here",
            new Edit("starter/Sys/Files.cs", "public static int close_range(uint first, uint last, uint flags) => (int)Call(SYS_close_range, first, last, flags);", "public static int close_range(uint first, uint last, uint flags) => 0;")),
        new("leaked-cwd", "a working directory may lie behind a magic link, and nothing is closed that was not opened here",
            new Edit("starter/Sys/Files.cs", "public static int close_range(uint first, uint last, uint flags) => (int)Call(SYS_close_range, first, last, flags);", "public static int close_range(uint first, uint last, uint flags) => 0;"),
            new Edit(Cwd, "int fd = RootPath.TryFind(path, O_DIRECTORY);\n        if (fd == -ENOENT", "int fd = Sys.openat(AT_FDCWD, path.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);\n        if (fd == -ENOENT"),
            new Edit(Cwd, "return buffer[0] == '/' ||", "return length > 0 ||")),
        new("magic-exe", "args[0] may be a magic link",
            new Edit("starter/Payload/ProgramLookup.cs", "int fd = RootPath.TryFind(path);", "int fd = Sys.openat(AT_FDCWD, path.At, O_PATH | O_CLOEXEC, 0);")),
        new("give-anything", "stdio is given to the payload's user whatever it is",
            new Edit("starter/Payload/PayloadStdio.cs", "if (filesystem.f_type != PIPEFS_MAGIC && !(terminal && filesystem.f_type == DEVPTS_SUPER_MAGIC))\n                continue;\n", "")),
        new("dumpable", "the starter may be traced",
            new Edit(Entry, "Sys.prctl(PR_SET_DUMPABLE, 0);", "Sys.prctl(PR_SET_DUMPABLE, 1);")),
        new("one-session", "the payload is in the caller's session",
            new Edit("starter/Container/ContainerStage.cs", "int session = Sys.setsid();", "int session = 0;"),
            new Edit("starter/Stages/Stage2Supervisor.cs", "int session = Sys.setsid();", "int session = 0;")),
        new("signals-kept", "the payload gets the caller's signal mask and dispositions",
            new Edit(Payload, "int result = PayloadPlan.Has(ProcessFlags.Empty) ? 0 : Sys.rt_sigprocmask(SIG_SETMASK, &none, null);", "int result = 0;")),
        new("keyring-kept", "the payload has the caller's session keyring",
            new Edit("starter/Payload/PayloadLimits.cs", "if (!PayloadPlan.Has(ProcessFlags.NewKeyring))", "if (PayloadPlan.Has(ProcessFlags.NewKeyring))")),
        new("no-new-privs-forgotten", "no_new_privs is not set",
            new Edit(Privileges, "int result = Sys.prctl(PR_SET_NO_NEW_PRIVS, 1);", "int result = 0;"),
            new Edit(Privileges, "return Sys.prctl(PR_GET_NO_NEW_PRIVS) == 1 || Mismatch(\"no_new_privs\"u8);", "return result == 0;")),
        new("bounding-kept", "the bounding set stays as it is",
            new Edit(Privileges, "if ((keep >> capability & 1) != 0)", "if ((keep >> capability & 1) <= 1)")),
        new("inheritable", "what is permitted is inheritable as well",
            new Edit(Privileges, "wanted.Inheritable &= have.Inheritable | (have.Permitted & bounding);", "wanted.Inheritable = have.Permitted & bounding;")),
        new("groups-kept", "the caller's groups stay",
            new Edit(Privileges, "result = Sys.setgroups(count, groups);", "result = 0;"),
            new Edit(Privileges, " && (keptGroups || VerifyGroups(groups, count));", ";")),
        new("no-read-back", "a change of identity that the kernel only claims to have made is believed",
            new Edit(Privileges, "return Failure.Refuse(\"credentials\"u8, text.Span);", "return true;")),
        new("no-seccomp", "the filter is not loaded",
            new Edit("starter/Payload/SeccompFilter.cs", "public static bool Wanted => !PayloadPlan.Plan.Seccomp.IsEmpty;", "public static bool Wanted => false;")),
        new("any-phase", "a request is served at any time",
            new Edit("starter/Container/ContainerServer.cs", "if ((s_phase & AllowedIn(method)) == 0)", "if (method == ContainerMethod.None)")),
        new("minus-one", "4294967295 is taken for an id",
            new Edit(Privileges, "if (uid == uint.MaxValue || gid == uint.MaxValue)\n            return Failure.Refuse(\"setresuid\"u8, \"4294967295 is not an id\"u8);\n", ""),
            new Edit(Privileges, "return Failure.Refuse(\"credentials\"u8, text.Span);", "return true;")),
        new("any-build", "another build's words are believed",
            new Edit("starter/Server/RpcServer.cs", "if (!Params(ref hello) || hello.Version != Limits.Version || !hello.Build.Is(BuildId.Value))", "if (!Params(ref hello))")),
        new("unchecked", "a mount whose attributes could not be set is taken for one that has them",
            new Edit(Attributes, "return result >= 0 || Failure.Call(\"mount_setattr\"u8, path, result);", "return true;")),
        .. SetuidFaults.All,
    ];

    public static Fault Get(string name) => All.FirstOrDefault(f => f.Name == name) ?? throw new InvalidOperationException($"no fault {name}");
}
