using Engine.Diagnostics;
using Engine.Security;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>The process of an exec: a document of its own, or the container's process with what the options change.</summary>
internal static class ExecComposition
{
    /// <summary>Puts it together and checks it.</summary>
    /// <param name="spec">The configuration that the container was created with.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="root">The container's root, for names of users.</param>
    /// <exception cref="EngineException">Something that no process can have.</exception>
    public static ProcessSpec Compose(RuntimeSpec spec, ExecOptions options, ContainerRoot root)
    {
        if (options.Document is { } document)
        {
            return document with { Terminal = document.Terminal || options.Terminal, Env = [.. document.Env, .. options.PreservedVariables] };
        }

        ProcessSpec stored = spec.Process ?? throw new EngineException("the container's config has no process");
        CheckEnvironment(options.Env);
        ProcessSpec process = stored with
        {
            Args = [.. options.Args],
            Terminal = options.Terminal,
            Cwd = options.Cwd ?? stored.Cwd,
            Env = [.. stored.Env, .. options.Env, .. options.PreservedVariables],
            ConsoleSize = null,
            NoNewPrivileges = options.NoNewPrivileges ?? stored.NoNewPrivileges,
            ApparmorProfile = options.ApparmorProfile ?? stored.ApparmorProfile,
            SelinuxLabel = options.SelinuxLabel ?? stored.SelinuxLabel,
            Capabilities = With(stored.Capabilities, options.Capabilities),
        };
        if (!process.Cwd.StartsWith('/'))
        {
            throw new EngineException($"--cwd {Printable.Of(process.Cwd)}: must be absolute", ExitCode.Usage);
        }

        UserSpec user = options.User is null ? stored.User : root.Resolve(options.User, stored.User);
        process = process with { User = user with { AdditionalGids = [.. user.AdditionalGids.Union(options.AdditionalGids)] } };
        IReadOnlyList<ConfigError> errors = Validator.ValidateProcess(process).Errors;
        return errors.Count == 0 ? process : throw new ConfigException("exec", errors);
    }

    private static void CheckEnvironment(IReadOnlyList<string> entries)
    {
        foreach (string entry in entries)
        {
            if (entry.IndexOf('=', StringComparison.Ordinal) < 1)
            {
                throw new EngineException($"invalid environment variable: {Quote.Text(entry)}: must be KEY=VALUE", ExitCode.Usage);
            }
        }
    }

    // As runc: inheritable ones stay as they are, and ambient ones must be inheritable.
    private static CapabilitiesSpec? With(CapabilitiesSpec? stored, IReadOnlyList<string> more)
    {
        if (more.Count == 0)
        {
            return stored;
        }

        foreach (string name in more)
        {
            if (!Capabilities.TryNumber(name, out _))
            {
                throw new EngineException($"--cap {Printable.Of(name)}: unknown capability", ExitCode.Usage);
            }
        }

        CapabilitiesSpec sets = stored ?? new CapabilitiesSpec();
        return sets with
        {
            Bounding = [.. sets.Bounding.Union(more)],
            Effective = [.. sets.Effective.Union(more)],
            Permitted = [.. sets.Permitted.Union(more)],
            Ambient = sets.Inheritable.Length > 0 ? [.. sets.Ambient.Union(more)] : sets.Ambient,
        };
    }
}
