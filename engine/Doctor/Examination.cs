using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc.Linux;
using Engine.Setuid;
using Engine.Shared.Linux;

namespace Engine.Doctor;

/// <summary>
/// Looks at the machine with the caller's rights. The rootless workflow is tried: a starter makes a user namespace, is mapped, becomes
/// root in it and ends; nothing is left.
/// </summary>
public static class Examination
{
    /// <summary>openat2 5.6, close_range 5.9, mount_setattr 5.12, cgroup.kill 5.14.</summary>
    public static readonly Version MinimumKernel = new(5, 14);

    // Root's file, which the set-uid starter reads by itself.

    /// <summary>Does it all.</summary>
    public static Report Run()
    {
        List<Check> checks = [Kernel(), .. Setuid(), .. Sysctls(), .. MapTools(), .. Cgroups(), Tunnel()];
        bool kernel = checks[0].IsMet;
        return new Report([Root(kernel), SetuidOffer(kernel, checks), RootlessOffer(kernel)], checks);
    }

    /// <summary>The running kernel, and whether it is new enough.</summary>
    public static (string Release, bool IsSufficient) KernelRelease()
    {
        string release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        string[] parts = release.Split('.', '-', '+');
        bool known = parts.Length > 1 && int.TryParse(parts[0], out int major) & int.TryParse(parts[1], out int minor) && new Version(major, minor) >= MinimumKernel;
        return (release, known);
    }

    private static Check Kernel()
    {
        (string release, bool isSufficient) = KernelRelease();
        return new Check("all", "kernel", isSufficient, release, isSufficient ? null : $"Linux {MinimumKernel} or newer is needed");
    }

    private static Offer Root(bool kernel) => Identity.EffectiveUid == 0
        ? new Offer("root", kernel, Identity.IsInUserNamespace ? "you are root of a user namespace" : "you are root")
        : new Offer("root", false, "you are not root");

    private static Offer SetuidOffer(bool kernel, List<Check> checks) => Identity.EffectiveUid == 0
        ? new Offer("setuid", false, "it is for ordinary users")
        : checks.Find(check => check.Workflow == "setuid" && !check.IsMet) is { } obstacle
            ? new Offer("setuid", false, obstacle.Found)
            : new Offer("setuid", kernel, "installed; 'engine config check' tells what the site allows");

    private static Offer RootlessOffer(bool kernel)
    {
        if (Identity.EffectiveUid == 0)
        {
            return new Offer("rootless", false, "it is for ordinary users");
        }

        try
        {
            using RootlessEntry entry = RootlessEntry.ForTrial();
            using StarterProcess starter = StarterProcess.Start("doctor", "doctor", SpawnStdio.Null, entry);
            starter.HangUp();
            starter.WaitForEnd(TimeSpan.FromSeconds(10));
            ulong uids = IdMap.Count(entry.Order.UidMap), gids = IdMap.Count(entry.Order.GidMap);
            string what = uids == 1 && gids == 1 ? "your own id only" : $"{uids} user ids and {gids} group ids";
            return new Offer("rootless", kernel, string.Join("; ", entry.Warnings.Where(_ => uids > 1 || gids > 1).Prepend(what)));
        }
        catch (Exception error) when (error is EngineException or SyscallException)
        {
            return new Offer("rootless", false, error.Message);
        }
    }

    private static IEnumerable<Check> Setuid()
    {
        string? obstacle = WorkflowChoice.SetuidObstacle();
        yield return new Check("setuid", "starter-suid", obstacle is null, obstacle ?? WorkflowChoice.SetuidPath, obstacle is null ? null : "'./build.sh install --setuid', as root");
        string? site = WorkflowChoice.SiteObstacle();
        yield return new Check(
            "setuid", SiteFile.DefaultPath, site is null, site ?? "offers it", site is null ? null : "'engine config check' explains the file, which is the administrator's");
    }

    private static IEnumerable<Check> Sysctls()
    {
        yield return Sysctl("user/max_user_namespaces", value => value != "0", "sysctl user.max_user_namespaces=10000");
        yield return Sysctl("kernel/unprivileged_userns_clone", value => value != "0", "sysctl kernel.unprivileged_userns_clone=1");
        yield return Sysctl(
            "kernel/apparmor_restrict_unprivileged_userns", value => value == "0",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with 'userns,' for the starter");
    }

    // A sysctl that this kernel does not have restricts nothing.
    private static Check Sysctl(string path, Func<string, bool> isFine, string advice)
    {
        string name = path.Replace('/', '.');
        if (CgroupFiles.ReadOrNull("/proc/sys/" + path)?.Trim() is not { } value)
        {
            return new Check("rootless", name, true, "this kernel has none");
        }

        return new Check("rootless", name, isFine(value), value, isFine(value) ? null : advice);
    }

    private static IEnumerable<Check> MapTools()
    {
        Account account = Account.Current;
        foreach (MapTool tool in new[] { MapTool.Users, MapTool.Groups })
        {
            yield return new Check("rootless", tool.Path, tool.IsPresent, tool.IsPresent ? "present" : "absent", tool.IsPresent ? null : "the package uidmap has it; without it you have your own id only");
        }

        foreach (string file in new[] { SubordinateIds.UserFile, SubordinateIds.GroupFile })
        {
            IReadOnlyList<IdRange> ranges = SubordinateIds.Read(file, account);
            string found = ranges.Count == 0 ? "no range for you" : string.Join(", ", ranges.Select(range => $"{range.Start} to {(ulong)range.Start + range.Count - 1}"));
            string option = file == SubordinateIds.UserFile ? "--add-subuids" : "--add-subgids";
            yield return new Check("rootless", file, ranges.Count > 0, found, ranges.Count > 0 ? null : $"usermod {option} 100000-165535 {account.Name ?? "NAME"}, as root, with a range that is nobody else's");
        }
    }

    private static IEnumerable<Check> Cgroups()
    {
        CgroupLayout layout = CgroupLayout.Read();
        if (Identity.EffectiveUid == 0)
        {
            yield return new Check("all", "cgroups", true, layout.Mode.ToString());
            yield break;
        }

        string? delegated = DelegatedCgroup.Find(layout);
        yield return new Check(
            "rootless", "cgroup delegation", delegated is not null, delegated is null ? "none: no limits, no pause" : WithControllers(layout, delegated),
            delegated is null ? "cgroup v2 and a session of systemd's: systemd-run --user --scope -p Delegate=yes COMMAND, or --systemd-cgroup" : null);
        yield return Manager(layout);
    }

    // What --systemd-cgroup talks to.
    private static Check Manager(CgroupLayout layout)
    {
        const string name = "systemd user manager";
        try
        {
            string manager = SystemdScope.ManagerOfUser() ?? "/";
            return new Check("rootless", name, true, WithControllers(layout, manager));
        }
        catch (CgroupException error)
        {
            return new Check(
                "rootless", name, false, $"none: no --systemd-cgroup ({(error.InnerException ?? error).Message})",
                "package dbus-user-session; a login session, or loginctl enable-linger USER as root; XDG_RUNTIME_DIR=/run/user/UID");
        }
    }

    private static string WithControllers(CgroupLayout layout, string cgroup) =>
        $"{cgroup}: {string.Join(", ", layout.Below(cgroup, CgroupFiles.ReadOrNull).Unified?.Controllers ?? [])}";

    // What gives a rootless container a network of its own (slirp4netns, pasta) opens it.
    private static Check Tunnel()
    {
        bool there = Files.IsWritable("/dev/net/tun");
        return new Check("rootless", "/dev/net/tun", there, there ? "present" : "absent, or not yours to open", there ? null : "modprobe tun; without it slirp4netns and pasta cannot give a container a network");
    }
}
