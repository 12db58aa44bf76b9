using Engine.Diagnostics;

namespace Engine.State;

/// <summary>What a container can be the matter with, beyond its message: other command lines have other words for it.</summary>
public enum ContainerProblem
{
    /// <summary>No container of that id.</summary>
    DoesNotExist,

    /// <summary>The id is taken.</summary>
    AlreadyExists,

    /// <summary>The text is no id.</summary>
    InvalidId,

    /// <summary>Its process has ended.</summary>
    NotRunning,
}

/// <summary>A container is not what the command needs.</summary>
public sealed class ContainerException(ContainerProblem problem, string message, Exception? inner = null)
    : EngineException(message, inner: inner)
{
    /// <summary>Which of the known problems.</summary>
    public ContainerProblem Problem => problem;
}
