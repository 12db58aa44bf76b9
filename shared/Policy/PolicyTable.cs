namespace Engine.Shared.Policy;

/// <summary>
/// The rows of the set-uid policy, one text each: name | what is told to the caller. The name is what an error carries ("policy: NAME"). What the
/// rows are about, and the verdicts, are for people and stand where the page is made (engine/Setuid/PolicyPage): the starter carries none of it.
/// </summary>
public static class PolicyTable
{
    /// <summary>What the rule is called.</summary>
    public static ReadOnlySpan<byte> Name(PolicyRule rule)
    {
        ReadOnlySpan<byte> row = Row(rule);
        return row.Slice(0, Bar(row));
    }

    /// <summary>What holds, in words.</summary>
    public static ReadOnlySpan<byte> Reason(PolicyRule rule)
    {
        ReadOnlySpan<byte> row = Row(rule);
        return row.Slice(Bar(row) + 1);
    }

    private static int Bar(ReadOnlySpan<byte> row)
    {
        int at = 0;
        while (row[at] != '|')
        {
            at++;
        }

        return at;
    }

    private static ReadOnlySpan<byte> Row(PolicyRule rule)
    {
        switch (rule)
        {
            case PolicyRule.SiteFile: return "site.file|the administrator's file is missing, unsafe or malformed, so nothing is offered through the set-uid starter; engine config check says what is wrong"u8;
            case PolicyRule.SiteSetuid: return "site.setuid|engine.conf does not say allow_setuid = yes"u8;
            case PolicyRule.SiteUser: return "site.user|engine.conf does not let this user or his groups use the set-uid starter"u8;
            case PolicyRule.CallerNamespace: return "caller.namespace|privilege from the file, but not that of a set-uid root program in the initial user namespace"u8;
            case PolicyRule.CallerCount: return "caller.containers|max_containers of engine.conf is reached"u8;
            case PolicyRule.LaunchRuntime: return "launch.runtime|an OCI runtime runs as root or in a user namespace, not through the set-uid starter"u8;
            case PolicyRule.UserIds: return "process.user|the process runs as the caller: uid and gid must be his"u8;
            case PolicyRule.UserGroups: return "process.groups|the process keeps exactly the caller's groups: what is listed must be among them"u8;
            case PolicyRule.Capabilities: return "process.capabilities|the process has no capabilities: all five sets must be empty"u8;
            case PolicyRule.NoNewPrivileges: return "process.no_new_privs|no_new_privs is always set: set-uid files and file capabilities in the root give nothing"u8;
            case PolicyRule.Seccomp: return "process.seccomp|loaded in the payload only, after the last change of identity"u8;
            case PolicyRule.SeccompListener: return "process.seccomp.listener|the connection would be made with the starter's identity"u8;
            case PolicyRule.Labels: return "process.label|labels of the process are not offered through the set-uid starter"u8;
            case PolicyRule.MountLabel: return "mount.label|labelling a filesystem takes privilege"u8;
            case PolicyRule.Rlimits: return "process.rlimits|set after the drop: the kernel allows what it allows the caller"u8;
            case PolicyRule.OomScore: return "process.oom_score_adj|it may be raised, not lowered below the caller's"u8;
            case PolicyRule.IoPriority: return "process.io_priority|the real-time class takes privilege"u8;
            case PolicyRule.Scheduler: return "process.scheduler|without any capability for it: the kernel allows what it allows the caller"u8;
            case PolicyRule.Personality: return "process.personality|LINUX and LINUX32, without flags"u8;
            case PolicyRule.Umask: return "process.plain|used by the payload itself after the drop"u8;
            case PolicyRule.MountNamespace: return "namespace.mount|there is always a new mount namespace"u8;
            case PolicyRule.Namespaces: return "namespace.new|allow_ns of engine.conf does not have this namespace"u8;
            case PolicyRule.UserNamespace: return "namespace.user|a user namespace and the set-uid starter exclude each other; --workflow rootless makes one"u8;
            case PolicyRule.TimeNamespace: return "namespace.time|time namespaces are not offered"u8;
            case PolicyRule.JoinNamespace: return "namespace.join|namespaces cannot be joined by path"u8;
            case PolicyRule.ExecTarget: return "exec.target|the process to join must be one that the caller could trace: his own, and readable"u8;
            case PolicyRule.NetDevices: return "network.devices|devices of the host stay the host's"u8;
            case PolicyRule.RootfsSource: return "rootfs.directory|a directory that the caller can open; nosuid and nodev, rights inside are the caller's"u8;
            case PolicyRule.RootfsHost: return "rootfs.host|the host's root and kernel filesystems are no root file system of a container"u8;
            case PolicyRule.RootfsSite: return "rootfs.site|limit_rootfs_owners, limit_rootfs_groups or limit_rootfs_paths of engine.conf exclude this directory"u8;
            case PolicyRule.SourcePath: return "mount.source|opened by the caller, never by the starter; cloned with everything below it, nosuid and nodev"u8;
            case PolicyRule.SourceNamespace: return "mount.source.namespace|a namespace file keeps a namespace alive and is nothing to mount"u8;
            case PolicyRule.SourceKernel: return "mount.source.kernel|read-only, whatever is asked for"u8;
            case PolicyRule.SourceIdMap: return "mount.idmap|mapping the ids of a mount takes privilege over its filesystem"u8;
            case PolicyRule.BindSite: return "mount.bind.site|engine.conf says user_bind = no"u8;
            case PolicyRule.BindDenied: return "mount.bind.denied|the source is in a directory of deny_bind_paths, or holds one"u8;
            case PolicyRule.MountFlags: return "mount.flags|every mount is nosuid and nodev, devices apart, which are nosuid and noexec"u8;
            case PolicyRule.MountClear: return "mount.clear|a flag that a mount has is not taken away"u8;
            case PolicyRule.MountShared: return "mount.shared|mounts are private or slave: the host sees none of them"u8;
            case PolicyRule.MountReconfigure: return "mount.reconfigure|the filesystem may be the host's as well"u8;
            case PolicyRule.MountCount: return "mount.count|more mounts than max_mounts of engine.conf"u8;
            case PolicyRule.Tmpfs: return "mount.tmpfs|options ro, size, nr_inodes, mode, uid and gid (the caller's) only"u8;
            case PolicyRule.TmpfsLimits: return "mount.tmpfs.limits|more than tmpfs_max_size or tmpfs_max_inodes of engine.conf; without a number these are what it gets"u8;
            case PolicyRule.Proc: return "mount.proc|in a new pid namespace, with ro, hidepid and subset as options; otherwise a bind mount of the host's, read-only"u8;
            case PolicyRule.Sysfs: return "mount.sysfs|the host's /sys, read-only: a new one would undo what the administrator has mounted over it"u8;
            case PolicyRule.Devpts: return "mount.devpts|a new instance; its gid is one of the caller's"u8;
            case PolicyRule.Mqueue: return "mount.mqueue|in a new ipc namespace"u8;
            case PolicyRule.CgroupMount: return "mount.cgroup|the host's cgroup mounts, read-only"u8;
            case PolicyRule.OtherFilesystem: return "mount.type|this type is mounted with the rights of whoever mounts it, or reads what the user wrote as a filesystem"u8;
            case PolicyRule.DeviceNode: return "device.node|devices are bound from the host, never made"u8;
            case PolicyRule.DeviceBind: return "device.bind|null, zero, full, random, urandom and tty; others as allow_devices of engine.conf lists them"u8;
            case PolicyRule.CgroupSubtree: return "cgroup.path|below /engine/user-UID with cgroups = yes in engine.conf; elsewhere what the kernel lets the caller do"u8;
            case PolicyRule.CgroupDevices: return "cgroup.devices|device rules take privilege; without nodes of its own the container needs none"u8;
            case PolicyRule.CgroupControl: return "cgroup.control|with the caller's rights, in the container's own cgroup"u8;
            case PolicyRule.IntelRdt: return "cgroup.resctrl|resctrl groups are the administrator's"u8;
            case PolicyRule.Sysctl: return "sysctl|kernel parameters are not changed for an ordinary user"u8;
            case PolicyRule.Hostname: return "hostname|in a new uts namespace"u8;
            case PolicyRule.Masks: return "masks|they only take away"u8;
            case PolicyRule.Hooks: return "hooks|run as the caller, without capabilities, with no_new_privs"u8;
            case PolicyRule.Files: return "files|opened with the caller's rights; the kernel decides"u8;
            case PolicyRule.Signals: return "signals|with the caller's rights"u8;
            default: return "?|?"u8;
        }
    }
}
