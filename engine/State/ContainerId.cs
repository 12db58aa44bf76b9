using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.State;

/// <summary>
/// The rule for container ids: letters, digits, <c>_ + . -</c>, as runc has it, at most <see cref="Limits.Id"/> bytes,
/// and neither "." nor "..". An id is one path component and appears in process titles and cgroup paths.
/// </summary>
public static class ContainerId
{
    /// <summary>True when <paramref name="id"/> may name a container.</summary>
    public static bool IsValid(string id)
    {
        if (id.Length is 0 or > Limits.Id || id[0] is '-' or '.')
        {
            return false;
        }

        foreach (char c in id)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '+' or '.' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Refuses an id that is not valid.</summary>
    /// <param name="id">As the user wrote it.</param>
    /// <param name="what">How the message calls it.</param>
    /// <exception cref="EngineException">With the rule in the message.</exception>
    public static void Check(string id, string what = "container id")
    {
        if (!IsValid(id))
        {
            string shown = id.Length > 40 ? string.Concat(id.AsSpan(0, 40), "…") : id;
            throw new ContainerException(
                ContainerProblem.InvalidId,
                $"invalid {what} \"{Printable.Of(shown)}\": 1 to {Limits.Id} letters, digits or _ + . -, beginning with none of - and .");
        }
    }
}
