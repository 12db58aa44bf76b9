using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.State;

namespace Engine.Instances;

/// <summary>Instances by name. A name is a container's id; containers that were not started as instances are not found here.</summary>
public static class InstanceLookup
{
    /// <summary>How Apptainer writes a name where an image could stand.</summary>
    public const string Scheme = "instance://";

    /// <summary>The name itself; <c>instance://NAME</c> is NAME.</summary>
    public static string NameOf(string text) => text.StartsWith(Scheme, StringComparison.Ordinal) ? text[Scheme.Length..] : text;

    /// <summary>Opens an instance, running or ended; the caller owns the handle.</summary>
    /// <exception cref="EngineException">There is none of that name, or it is another kind of container.</exception>
    public static ContainerHandle Open(StateRoot root, string text)
    {
        string name = NameOf(text);
        ContainerHandle? container = TryOpen(root, name) ?? throw new EngineException($"no instance \"{name}\"; 'engine instance list --all' shows those that are there");
        if (container.State.Engine is { Instance: true })
        {
            return container;
        }

        container.Dispose();
        throw new EngineException($"\"{name}\" is a container that was not started as an instance; use 'engine oci'");
    }

    /// <summary>The container that has the name, whatever it is; null for none. The caller owns the handle.</summary>
    /// <exception cref="EngineException">The name cannot be one, or the container is somebody else's.</exception>
    public static ContainerHandle? TryOpen(StateRoot root, string name)
    {
        try
        {
            return ContainerHandle.Open(root, name);
        }
        catch (ContainerException error) when (error.Problem == ContainerProblem.DoesNotExist)
        {
            return null;
        }
    }

    /// <summary>Every instance whose name is of the pattern, in order of name.</summary>
    /// <param name="root">Where to look.</param>
    /// <param name="pattern">As a shell has it; <c>instance://</c> may stand before it.</param>
    /// <param name="ended">Also those whose payload has ended.</param>
    public static List<StateDocument> List(StateRoot root, string pattern, bool ended) =>
    [
        .. StateListing.Read(root).Where(state => state.Engine is { Instance: true }
            && (ended || state.Status != ContainerStatus.Stopped) && NamePattern.Matches(NameOf(pattern), state.Id)),
    ];
}
