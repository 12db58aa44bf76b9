using Engine.Diagnostics;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// The poststop hooks of a container that is gone: after its deletion, and after a creation that one of its hooks ended (runtime.md,
/// Lifecycle, steps 4 to 6 and 13). Their failures are warnings, and the next one runs all the same.
/// </summary>
public static class PoststopHooks
{
    /// <summary>Runs them in their order.</summary>
    /// <exception cref="ConfigException">The configuration cannot be read.</exception>
    public static void Run(ReadOnlySpan<byte> config, StateDocument state, List<string> warnings)
    {
        HookSpec[] hooks = ConfigLoader.Load(config, ContainerDirectory.ConfigFile).Hooks?.Poststop ?? [];
        for (int i = 0; i < hooks.Length; i++)
        {
            string? failure = CallerHook.Run(hooks[i], state with { Status = ContainerStatus.Stopped });
            if (failure is not null)
            {
                warnings.Add($"hooks.poststop[{i}]: {failure}");
            }
        }
    }

    /// <summary>The same for a creation that was undone: there is no record any more.</summary>
    public static void RunUndone(ReadOnlySpan<byte> config, string id, string bundle)
    {
        RuntimeSpec spec = ConfigLoader.Load(config, ContainerDirectory.ConfigFile);
        var state = new StateDocument { OciVersion = OciVersions.Newest, Id = id, Bundle = bundle, Annotations = spec.Annotations.Count > 0 ? spec.Annotations : null };
        // Whoever sees the creation's failure is told of that; a hook's beside it would hide it.
        Run(config, state, []);
    }
}
