using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.State;

namespace Engine.Instances;

/// <summary>Create and start in one: when it returns the payload runs; when it fails nothing is left.</summary>
public static class StartInstance
{
    /// <summary>Variables by which the payload knows the name; the second one is where programs made for Apptainer look.</summary>
    public static readonly string[] NameVariables = ["ENGINE_INSTANCE", "APPTAINER_INSTANCE"];

    /// <summary>Starts it. The name of an instance that has ended is free again: what is left of that one is removed first.</summary>
    /// <returns>Warnings.</returns>
    /// <exception cref="EngineException">The name is taken, or why the payload does not run.</exception>
    public static List<string> Run(StateRoot root, CreateOptions options)
    {
        List<string> warnings = MakeRoom(root, options.Id);
        warnings.AddRange(Create(root, options));
        using ContainerHandle container = ContainerHandle.Open(root, options.Id);
        try
        {
            container.Control(client => client.Start());
            return warnings;
        }
        catch
        {
            DeleteContainer.Delete(container, force: true);
            throw;
        }
    }

    /// <summary>The options of an instance: its arguments and variables in place of the bundle's.</summary>
    public static CreateOptions Options(CreateOptions options, IReadOnlyList<string> args, IReadOnlyList<string> env) => options with
    {
        IsInstance = true,
        Amend = new ProcessAmendment(args, [.. env, .. NameVariables.Select(variable => $"{variable}={options.Id}")]).Apply,
    };

    private static List<string> MakeRoom(StateRoot root, string name)
    {
        using ContainerHandle? former = InstanceLookup.TryOpen(root, name);
        if (former is null)
        {
            return [];
        }

        if (former.State.Engine is not { Instance: true })
        {
            throw Taken(name, "as the id of a container that was not started as an instance ('engine oci list')");
        }

        return former.State.Status == ContainerStatus.Stopped ? DeleteContainer.Delete(former, force: false) : throw Taken(name);
    }

    private static string[] Create(StateRoot root, CreateOptions options)
    {
        try
        {
            return CreateClient.Create(root, options).Warnings;
        }
        catch (ContainerException error) when (error.Problem == ContainerProblem.AlreadyExists)
        {
            // Another start was faster.
            throw Taken(options.Id, inner: error);
        }
    }

    private static EngineException Taken(string name, string? how = null, Exception? inner = null) => new(
        how is null
            ? $"instance \"{name}\" already exists; stop it with 'engine instance stop {name}' or take another name"
            : $"the name \"{name}\" is taken {how}; take another name",
        inner: inner);
}
