namespace Engine.Shared.Policy;

/// <summary>
/// The rows of the set-uid policy, one text each: name | request | verdict | point of the reference | what is told to the caller or done for him.
/// The name is what an error carries ("policy: NAME"). Verdicts: allowed, limited (something is forced or bounded), site (as engine.conf says), denied.
/// </summary>
public static class PolicyTable
{
    /// <summary>Columns of a row.</summary>
    public enum Column
    {
        Name,
        Request,
        Verdict,
        Reference,
        Reason,
    }

    /// <summary>One column of a row.</summary>
    public static ReadOnlySpan<byte> Get(PolicyRule rule, Column column)
    {
        ReadOnlySpan<byte> row = Row(rule);
        int start = 0, left = (int)column;
        for (int i = 0; i <= row.Length; i++)
        {
            if (i < row.Length && row[i] != '|')
            {
                continue;
            }

            if (left-- == 0)
            {
                return row.Slice(start, i - start);
            }

            start = i + 1;
        }

        return default;
    }

    private static ReadOnlySpan<byte> Row(PolicyRule rule)
    {
        switch (rule)
        {
            case PolicyRule.SiteFile: return "site.file|any|site|U01|the administrator's file is missing, unsafe or malformed, so nothing is offered through the set-uid starter; engine config check says what is wrong"u8;
            case PolicyRule.SiteSetuid: return "site.setuid|any|site|U01|engine.conf does not say allow_setuid = yes"u8;
            case PolicyRule.SiteUser: return "site.user|any|site|U01|engine.conf does not let this user or his groups use the set-uid starter"u8;
            case PolicyRule.CallerNamespace: return "caller.namespace|any, from inside a user namespace or without the set-uid bit's effect|denied|U02|privilege from the file, but not that of a set-uid root program in the initial user namespace"u8;
            case PolicyRule.CallerCount: return "caller.containers|another container|site|U57|max_containers of engine.conf is reached"u8;
            case PolicyRule.LaunchRuntime: return "launch.runtime|engine-runc|denied|U61|an OCI runtime runs as root or in a user namespace, not through the set-uid starter"u8;
            case PolicyRule.UserIds: return "process.user|process.user.uid, gid|limited|U04|the process runs as the caller: uid and gid must be his"u8;
            case PolicyRule.UserGroups: return "process.groups|process.user.additionalGids|limited|U05|the process keeps exactly the caller's groups: what is listed must be among them"u8;
            case PolicyRule.Capabilities: return "process.capabilities|process.capabilities, exec --cap|denied|U07|the process has no capabilities: all five sets must be empty"u8;
            case PolicyRule.NoNewPrivileges: return "process.no_new_privs|process.noNewPrivileges false|limited|U08|no_new_privs is always set: set-uid files and file capabilities in the root give nothing"u8;
            case PolicyRule.Seccomp: return "process.seccomp|linux.seccomp|allowed|U10|loaded in the payload only, after the last change of identity"u8;
            case PolicyRule.SeccompListener: return "process.seccomp.listener|linux.seccomp.listenerPath|denied|U10|the connection would be made with the starter's identity"u8;
            case PolicyRule.Labels: return "process.label|process.apparmorProfile, selinuxLabel|denied|U12|labels of the process are not offered through the set-uid starter"u8;
            case PolicyRule.MountLabel: return "mount.label|linux.mountLabel, context=|denied|U13|labelling a filesystem takes privilege"u8;
            case PolicyRule.Rlimits: return "process.rlimits|process.rlimits|allowed|U14|set after the drop: the kernel allows what it allows the caller"u8;
            case PolicyRule.OomScore: return "process.oom_score_adj|process.oomScoreAdj|limited|U15|it may be raised, not lowered below the caller's"u8;
            case PolicyRule.IoPriority: return "process.io_priority|process.ioPriority|limited|U16|the real-time class takes privilege"u8;
            case PolicyRule.Scheduler: return "process.scheduler|process.scheduler, execCPUAffinity, linux.memoryPolicy|allowed|U16|without any capability for it: the kernel allows what it allows the caller"u8;
            case PolicyRule.Personality: return "process.personality|linux.personality|limited|U17|LINUX and LINUX32, without flags"u8;
            case PolicyRule.Umask: return "process.plain|process.args, env, cwd, umask, terminal|allowed|U06|used by the payload itself after the drop"u8;
            case PolicyRule.MountNamespace: return "namespace.mount|linux.namespaces without mount|denied|U18|there is always a new mount namespace"u8;
            case PolicyRule.Namespaces: return "namespace.new|linux.namespaces: pid, ipc, uts, network, cgroup|site|U19|allow_ns of engine.conf does not have this namespace"u8;
            case PolicyRule.UserNamespace: return "namespace.user|linux.namespaces: user, uidMappings, gidMappings|denied|U03|a user namespace and the set-uid starter exclude each other; --workflow rootless makes one"u8;
            case PolicyRule.TimeNamespace: return "namespace.time|linux.namespaces: time, timeOffsets|denied|U21|time namespaces are not offered"u8;
            case PolicyRule.JoinNamespace: return "namespace.join|linux.namespaces with a path|denied|U22|namespaces cannot be joined by path"u8;
            case PolicyRule.ExecTarget: return "exec.target|exec|limited|U23|the process to join must be one that the caller could trace: his own, and readable"u8;
            case PolicyRule.NetDevices: return "network.devices|linux.netDevices|denied|U24|devices of the host stay the host's"u8;
            case PolicyRule.RootfsSource: return "rootfs.directory|root.path|limited|U25|a directory that the caller can open; nosuid and nodev, rights inside are the caller's"u8;
            case PolicyRule.RootfsHost: return "rootfs.host|root.path: /, or on proc, sysfs, cgroup, devpts|denied|U25|the host's root and kernel filesystems are no root file system of a container"u8;
            case PolicyRule.RootfsSite: return "rootfs.site|root.path|site|U25|limit_rootfs_owners, limit_rootfs_groups or limit_rootfs_paths of engine.conf exclude this directory"u8;
            case PolicyRule.SourcePath: return "mount.source|source of a bind mount|limited|U32|opened by the caller, never by the starter; cloned with everything below it, nosuid and nodev"u8;
            case PolicyRule.SourceNamespace: return "mount.source.namespace|source on nsfs|denied|U33|a namespace file keeps a namespace alive and is nothing to mount"u8;
            case PolicyRule.SourceKernel: return "mount.source.kernel|source on proc, sysfs, cgroup|limited|U33|read-only, whatever is asked for"u8;
            case PolicyRule.SourceIdMap: return "mount.idmap|idmap, ridmap, mounts[].uidMappings|denied|U33|mapping the ids of a mount takes privilege over its filesystem"u8;
            case PolicyRule.BindSite: return "mount.bind.site|a bind mount|site|U32|engine.conf says user_bind = no"u8;
            case PolicyRule.BindDenied: return "mount.bind.denied|a bind mount|site|U32|the source is in a directory of deny_bind_paths, or holds one"u8;
            case PolicyRule.MountFlags: return "mount.flags|suid, dev on any mount|limited|U34|every mount is nosuid and nodev, devices apart, which are nosuid and noexec"u8;
            case PolicyRule.MountClear: return "mount.clear|rw, exec, suid, dev over what the host has|denied|U34|a flag that a mount has is not taken away"u8;
            case PolicyRule.MountShared: return "mount.shared|shared, rshared, linux.rootfsPropagation shared|denied|U36|mounts are private or slave: the host sees none of them"u8;
            case PolicyRule.MountReconfigure: return "mount.reconfigure|remount with options of the filesystem|denied|U34|the filesystem may be the host's as well"u8;
            case PolicyRule.MountCount: return "mount.count|mounts|site|U57|more mounts than max_mounts of engine.conf"u8;
            case PolicyRule.Tmpfs: return "mount.tmpfs|type tmpfs|limited|U37|options size, nr_inodes, mode, uid and gid (the caller's) only"u8;
            case PolicyRule.TmpfsLimits: return "mount.tmpfs.limits|size, nr_inodes of a tmpfs|site|U37|more than tmpfs_max_size or tmpfs_max_inodes of engine.conf; without a number these are what it gets"u8;
            case PolicyRule.Proc: return "mount.proc|type proc|limited|U38|in a new pid namespace, with hidepid and subset as options; otherwise a bind mount of the host's, read-only"u8;
            case PolicyRule.Sysfs: return "mount.sysfs|type sysfs|limited|U39|the host's /sys, read-only: a new one would undo what the administrator has mounted over it"u8;
            case PolicyRule.Devpts: return "mount.devpts|type devpts|limited|U42|a new instance; its gid is one of the caller's"u8;
            case PolicyRule.Mqueue: return "mount.mqueue|type mqueue|limited|U43|in a new ipc namespace"u8;
            case PolicyRule.CgroupMount: return "mount.cgroup|type cgroup, cgroup2|limited|U44|the host's cgroup mounts, read-only"u8;
            case PolicyRule.OtherFilesystem: return "mount.type|any other type: overlay, ext4, squashfs, fuse, ...|denied|U28 U30 U31|this type is mounted with the rights of whoever mounts it, or reads what the user wrote as a filesystem"u8;
            case PolicyRule.DeviceNode: return "device.node|mknod of a device|denied|U40|devices are bound from the host, never made"u8;
            case PolicyRule.DeviceBind: return "device.bind|a device of the host|site|U40|null, zero, full, random, urandom and tty; others as allow_devices of engine.conf lists them"u8;
            case PolicyRule.CgroupSubtree: return "cgroup.path|linux.cgroupsPath, linux.resources|site|U45|below /engine/user-UID with cgroups = yes in engine.conf; elsewhere what the kernel lets the caller do"u8;
            case PolicyRule.CgroupDevices: return "cgroup.devices|linux.resources.devices|denied|U41|device rules take privilege; without nodes of its own the container needs none"u8;
            case PolicyRule.CgroupControl: return "cgroup.control|pause, resume, update, stats|allowed|U54|with the caller's rights, in the container's own cgroup"u8;
            case PolicyRule.IntelRdt: return "cgroup.resctrl|linux.intelRdt|denied|U46|resctrl groups are the administrator's"u8;
            case PolicyRule.Sysctl: return "sysctl|linux.sysctl|denied|U47|kernel parameters are not changed for an ordinary user"u8;
            case PolicyRule.Hostname: return "hostname|hostname, domainname|allowed|H27|in a new uts namespace"u8;
            case PolicyRule.Masks: return "masks|linux.maskedPaths, readonlyPaths|allowed|U48|they only take away"u8;
            case PolicyRule.Hooks: return "hooks|hooks|limited|U49|run as the caller, without capabilities, with no_new_privs"u8;
            case PolicyRule.Files: return "files|state directory, logs, pid file, sockets|allowed|U51 U52|opened with the caller's rights; the kernel decides"u8;
            case PolicyRule.Signals: return "signals|kill, attach, logs, delete|allowed|U55|with the caller's rights"u8;
            default: return default;
        }
    }
}
