namespace Engine.Cli.Instance;

/// <summary>Where a bundle says what Apptainer's <c>instance start</c> takes options for.</summary>
public static class ApptainerOptions
{
    // Options, members of config.json (or what else there is to say).
    private static readonly (string[] Options, string Place)[] Table =
    [
        (["-B", "--bind", "--mount", "-S", "--scratch", "-H", "--home", "-W", "--workdir", "--fusemount", "--dns", "--data"], "mounts"),
        (["-c", "--contain", "-C", "--containall", "--no-mount", "--no-home"], "mounts: there are none but those"),
        (["-w", "--writable"], "root.readonly"),
        (["-o", "--overlay", "--writable-tmpfs"], "root and mounts"),
        (["-n", "--net", "--network", "--network-args", "-i", "--ipc", "-u", "--userns", "--uts", "--pid", "--no-pid"], "linux.namespaces"),
        (["-f", "--fakeroot"], "linux.namespaces and linux.uidMappings"),
        (["--hostname"], "hostname"),
        (["--cpus", "--cpu-shares", "--cpuset-cpus", "--cpuset-mems", "--memory", "--memory-reservation", "--memory-swap", "--oom-kill-disable", "--pids-limit", "--blkio-weight", "--blkio-weight-device", "--apply-cgroups"], "linux.resources"),
        (["-e", "--cleanenv", "--env-file"], "process.env, or --env: there are no variables but those"),
        (["--cwd", "--pwd"], "process.cwd"),
        (["--add-caps", "--drop-caps", "--keep-privs", "--no-privs", "--allow-setuid"], "process.capabilities, process.user and process.noNewPrivileges"),
        (["--security"], "linux.seccomp, process.apparmorProfile and process.selinuxLabel"),
        (["--umask", "--no-umask"], "process.user.umask"),
        (["--nv", "--nvccli", "--rocm", "--intel-hpu", "--device", "--cdi-dirs"], "linux.devices and mounts"),
        (["--boot"], "process.args, or ARG: NAME /sbin/init"),
        (["--app"], "process.args, or ARG"),
    ];

    /// <summary>What to say of an option that is none here.</summary>
    public static string Explain(string option)
    {
        foreach ((string[] options, string place) in Table)
        {
            if (options.Contains(option))
            {
                return $"the bundle's config.json says it, in {place}";
            }
        }

        return "the payload's own options stand behind its program: NAME PROGRAM [ARG...]";
    }
}
