using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>How the starter of an ordinary user comes to be root of a user namespace.</summary>
public enum NamespaceEntryKind : uint
{
    None = 0,

    /// <summary>It makes a user namespace and a mount namespace, and waits for its id maps (<see cref="NamespaceMapped"/>).</summary>
    Make = 1,

    /// <summary>It joins the user namespace of descriptor 1.</summary>
    Join = 2,

    /// <summary>It joins the user namespace of descriptor 1, and makes a mount namespace that belongs to it.</summary>
    JoinAndMakeMounts = 3,
}

/// <summary>
/// The first datagram on descriptor 3 of a starter that an ordinary user started without the set-uid bit, before <see cref="Launch"/>.
/// Descriptor 0: the starter's own image, which it executes again inside. A new user namespace is answered with a <see cref="LaunchResult"/>
/// of kind <see cref="WantsMaps"/>; when one is joined there is no answer but a failure's.
/// </summary>
public struct NamespaceEntry : IMessage
{
    /// <summary><see cref="LaunchResult.Kind"/> of a starter that waits for its id maps.</summary>
    public const uint WantsMaps = 3;

    public uint Version;
    public Text Build;

    /// <summary>A <see cref="NamespaceEntryKind"/>.</summary>
    public uint Kind;

    /// <summary>The second argument of the program that is executed again, which only ps shows.</summary>
    public Text Purpose;

    /// <summary>The third.</summary>
    public Text Id;

    public void Fields(ref Codec c)
    {
        c.Begin(5);
        c.Value(ref Version);
        c.CStr(ref Build, Limits.Name);
        c.Value(ref Kind);
        c.CStr(ref Purpose, Limits.Name);
        c.CStr(ref Id, Limits.Id);
    }
}

/// <summary>The CLI's word that uid_map and gid_map are written.</summary>
public struct NamespaceMapped : IMessage
{
    /// <summary>1.</summary>
    public uint Done;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.Value(ref Done);
    }
}
