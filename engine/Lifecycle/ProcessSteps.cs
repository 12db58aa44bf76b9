using Engine.Diagnostics;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Security;
using Engine.Seccomp;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>The payload's identity, limits, filters and command line, and the end of the creation.</summary>
public static class ProcessSteps
{
    // What a process gets that names no umask (runc's and crun's default).
    private const uint DefaultUmask = 0x12;

    /// <summary>Describes a process of the config, for create and exec alike.</summary>
    public static ProcessDescription Describe(ProcessSpec process, LinuxSpec linux, List<string> warnings)
    {
        CapabilitySets capabilities = Capabilities.Grantable(Capabilities.Asked(process.Capabilities));
        var description = new ProcessDescription
        {
            Flags = ProcessFlags.HasCapabilities | ProcessFlags.HasUmask | ProcessFlags.NewKeyring,
            Args = process.Args,
            Env = process.Env,
            Cwd = process.Cwd,
            Uid = process.User.Uid,
            Gid = process.User.Gid,
            Groups = process.User.AdditionalGids,
            Umask = process.User.Umask ?? DefaultUmask,
            Bounding = capabilities.Bounding,
            Permitted = capabilities.Permitted,
            Effective = capabilities.Effective,
            Inheritable = capabilities.Inheritable,
            Ambient = capabilities.Ambient,
            Rlimits = [.. process.Rlimits.Select(Limit)],
            ApparmorProfile = process.ApparmorProfile ?? "",
            SelinuxLabel = process.SelinuxLabel ?? "",
        };
        if (process.NoNewPrivileges)
        {
            description.Flags |= ProcessFlags.NoNewPrivileges;
        }

        if (process.Terminal)
        {
            description.Flags |= ProcessFlags.Terminal;
        }

        SchedulingSteps.Describe(description, process, linux);
        if (linux.Seccomp is not null)
        {
            SeccompFilter filter = SeccompCompiler.Compile(linux.Seccomp);
            description.Seccomp = filter.Program;
            description.SeccompFlags = filter.Flags;
            warnings.AddRange(filter.Notes);
        }

        return description;
    }

    internal static void Add(CreationPlan plan, PlanInput input, SourceSlots sources, List<string> warnings)
    {
        ProcessSpec process = input.Config.Process ?? throw new EngineException("config.json: process: is required to create a container");
        ProcessDescription description = Describe(process, input.Linux, warnings);
        description.Flags |= ProcessFlags.MakeCwd;
        description.Keyring = "_ses." + input.Order.Id;
        if (input.Order.KeepKeyring)
        {
            description.Flags &= ~ProcessFlags.NewKeyring;
        }

        if (input.Order.EmptyProcess)
        {
            description.Flags |= ProcessFlags.Empty;
        }

        if (description.Rlimits.Count > 0 && !input.IsSetuid)
        {
            plan.Host("RaiseLimits", $"{description.Rlimits.Count} limits", "process.rlimits", host => host.RaiseLimits(description.Rlimits, "process.rlimits"));
        }

        string command = input.Order.EmptyProcess ? "(none)" : string.Join(' ', process.Args);
        Action<int>? notify = SeccompListener.Add(plan, input, sources, description);
        plan.ContainerAfterSpawn("PrepareProcess", command.Length > 60 ? command[..60] + "…" : command, "process", clients =>
        {
            notify?.Invoke(clients.Pid);
            using SafeFd memory = ProcessPlanWriter.Write(description, "process");
            clients.Container.PrepareProcess(memory, "process");
        });
        plan.Barrier(PlanServer.Container, "Finish", "wait for start", "", clients => clients.Container.Finish().Wait());
        plan.Barrier(PlanServer.Host, "Created", "state and pid file", "", clients => clients.Terminal = clients.Host.Created().Wait());
    }

    private static ResourceLimit Limit(RlimitSpec limit) => Rlimits.TryNumber(limit.Type, out int number)
        ? new ResourceLimit((uint)number, limit.Soft, limit.Hard)
        : throw new EngineException($"config.json: process.rlimits: unknown limit {limit.Type}");
}
