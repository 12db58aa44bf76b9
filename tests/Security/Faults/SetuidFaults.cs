namespace Engine.Tests.Security.Faults;

/// <summary>Broken builds that matter behind the set-uid bit: the policy, and how the caller is kept in the process.</summary>
internal static class SetuidFaults
{
    private const string Caller = "starter/Policy/Caller.cs", Rules = "starter/Policy/HostRules.cs", Mounts = "starter/Policy/MountRules.cs", Process = "starter/Policy/ProcessRules.cs",
        Sources = "starter/Policy/SourceRules.cs", Entry = "starter/Stages/Stage0Entry.cs", Privileges = "starter/Privileges.cs", Trust = "starter/Policy/TrustedPath.cs";

    private static readonly Edit s_trust = new(Trust, "bool sound = info.st_uid == 0 && (info.st_mode & OthersWrite) == 0 && (info.st_mode & S_IFMT) != S_IFLNK;", "bool sound = true;");

    public static IReadOnlyList<Fault> All { get; } =
    [
        new("setuid-dumpable", "once it has become the caller the starter may be traced by him",
            new Edit(Caller, "int result = Sys.prctl(PR_SET_DUMPABLE, 0);", "int result = Sys.prctl(PR_SET_DUMPABLE, 1);")),
        new("setuid-new-privs", "no_new_privs is set nowhere",
            new Edit(Entry, "result = Sys.prctl(PR_SET_NO_NEW_PRIVS, 1);", "result = 0;"),
            new Edit(Privileges, "int result = Sys.prctl(PR_SET_NO_NEW_PRIVS, 1);", "int result = 0;"),
            new Edit(Privileges, "return Sys.prctl(PR_GET_NO_NEW_PRIVS) == 1 || Mismatch(\"no_new_privs\"u8);", "return result == 0;")),
        new("late-no-new-privs", "stage 0 leaves no_new_privs to those that execute something",
            new Edit(Entry, "result = Sys.prctl(PR_SET_NO_NEW_PRIVS, 1);", "result = 0;")),
        new("files-as-root", "files are opened with root's rights",
            new Edit(Caller, "Sys.setfsgid(Gid);\n        Sys.setfsuid(Uid);\n", ""),
            new Edit(Caller, "return (Sys.setfsuid(uint.MaxValue) == Uid && Sys.setfsgid(uint.MaxValue) == Gid) ||\n            Failure.Refuse(\"setfsuid\"u8, \"the kernel shows another file system id than was set\"u8);", "return true;")),
        new("keeps-ptrace", "CAP_SYS_PTRACE is kept",
            new Edit(Caller, "1UL << CAP_CHOWN | 1UL << CAP_DAC_OVERRIDE;", "1UL << CAP_CHOWN | 1UL << CAP_DAC_OVERRIDE | 1UL << 19;")),
        new("any-user-namespace", "the set-uid bit counts in every user namespace",
            new Edit(Entry, "if (real != 0 && effective == 0 && saved == 0 && UserNamespace.IsInitial())", "if (real != 0 && effective == 0 && saved == 0)")),
        new("trust-anything", "files that decide may be anybody's", s_trust),
        new("programs-beside", "master and pump are looked for where the starter lies",
            s_trust,
            new Edit("starter/Policy/Site.cs", "if (s_config.Libexec.IsEmpty)\n            path.Append(\"/usr/local/libexec/engine\"u8);\n        else\n            path.Append(new ReadOnlySpan<byte>(s_config.Libexec.At, s_config.Libexec.Length));", """
                byte* exe = stackalloc byte[PATH_MAX];
                        long length = Sys.readlinkat(AT_FDCWD, CString.Of("/proc/self/exe"u8), exe, PATH_MAX - 1);
                        while (length > 0 && exe[length - 1] != '/')
                            length--;
                        path.Append(new ReadOnlySpan<byte>(exe, (int)length - 1));
                """)),
        new("no-seats", "a seat that is taken is taken again",
            new Edit("starter/Policy/Seats.cs", "taken = Sys.flock(file, LOCK_EX | LOCK_NB) >= 0;", "taken = true;")),
        new("path-by-text", "a path limit holds for every path that begins with its text",
            new Edit(Sources, "bool inside = Ancestry.Contains(limit, source) || (holding && Ancestry.Contains(source, limit));", "bool inside = Begins(source, item);"),
            new Edit(Sources, "private static bool IsHostRoot(int source)", """
                private static bool Begins(int source, Text item)
                    {
                        byte* buffer = stackalloc byte[64];
                        TextBuilder name = new TextBuilder(buffer, 64);
                        name.Append("/proc/self/fd/"u8);
                        name.AppendDecimal(source);
                        byte* path = stackalloc byte[PATH_MAX];
                        long length = Sys.readlinkat(AT_FDCWD, name.Text, path, PATH_MAX - 1);
                        return length >= item.Length && new ReadOnlySpan<byte>(path, item.Length).SequenceEqual(new ReadOnlySpan<byte>(item.At, item.Length));
                    }

                    private static bool IsHostRoot(int source)
                """)),
        new("source-by-root", "a source may be named, and is opened with root's rights",
            new Edit(Rules, "return ((flags & SourceFlags.FromDescriptor) != 0 && descriptor >= 0) || Rules.Deny(PolicyRule.SourcePath, request.Path);", "return true;"),
            new Edit("starter/Supervisor/Sources.cs", "mount = Sys.open_tree(AT_FDCWD, request.Path.At, how | ((flags & SourceFlags.NoFollow) != 0 ? (uint)AT_SYMLINK_NOFOLLOW : 0));",
                "{\n            Caller.FilesAsRoot();\n            mount = Sys.open_tree(AT_FDCWD, request.Path.At, how);\n            Caller.EndFilesAsRoot();\n        }")),
        new("source-kept", "what is bound keeps set-uid files and devices",
            new Edit(Sources, "attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;", "attributes.attr_set = 0;")),
        new("flags-not-forced", "a new filesystem has the flags that were asked for, and no others",
            new Edit(Mounts, "request.AttrSet |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;", "")),
        new("rule-methods", "every request is for everybody",
            new Edit("starter/Policy/Policy.cs", "|| Refuse(workflow, MethodNames.Of(method), RuleOf(method));", "|| true;")),
        new("rule-namespaces", "a user namespace beside the set-uid bit is allowed",
            new Edit(Rules, "return Rules.Deny(PolicyRule.UserNamespace);", "return true;")),
        new("rule-devices", "a device is a source as others are",
            new Edit(Sources, "if (type == S_IFCHR || type == S_IFBLK)\n            return Rules.Deny(PolicyRule.DeviceBind, path);\n", "")),
        new("rule-filesystems", "any filesystem of the kernel's may be mounted",
            new Edit("starter/Policy/FilesystemRules.cs", "return Rules.Deny(cgroup ? PolicyRule.CgroupMount : PolicyRule.OtherFilesystem, request.Type);", "return true;")),
        new("rule-clear", "flags that a mount has are taken away",
            new Edit(Mounts, "return (clear & ~Clearable) == 0 || Rules.Deny(PolicyRule.MountClear, destination);", "return true;")),
        new("rule-ids", "the process has the ids that the plan says",
            new Edit(Process, "if (plan.Uid != Caller.Uid || plan.Gid != Caller.Gid)\n            return Rules.Deny(PolicyRule.UserIds);\n", "")),
        new("rule-capabilities", "the process has the capabilities that the plan says",
            new Edit(Process, "if ((plan.Bounding | plan.Permitted | plan.Effective | plan.Inheritable | plan.Ambient) != 0)\n            return Rules.Deny(PolicyRule.Capabilities);\n", "")),
    ];
}
