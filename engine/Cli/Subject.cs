using System.CommandLine;
using Engine.Instances;
using Engine.Lifecycle;
using Engine.State;

namespace Engine.Cli;

/// <summary>What a group of commands is about. Verbs that do the same to a container by id and to an instance by name are written once.</summary>
/// <param name="Group">As typed before the verb.</param>
/// <param name="Some">One of them, in help texts.</param>
/// <param name="Operand">Name of the first operand.</param>
/// <param name="Open">Finds one; the caller owns the handle.</param>
public sealed record Subject(string Group, string Some, string Operand, Func<StateRoot, string, ContainerHandle> Open)
{
    /// <summary><c>engine oci</c>: every container, instances too.</summary>
    public static readonly Subject Container = new("engine oci", "a container", "ID", ContainerHandle.Open);

    /// <summary><c>engine instance</c>: instances only.</summary>
    public static readonly Subject Instance = new("engine instance", "an instance", "NAME", InstanceLookup.Open);

    /// <summary>The first operand.</summary>
    public Argument<string> Argument() => new(Operand) { Description = this == Container ? "container id" : "name of the instance" };
}
