namespace Engine.Spec;

/// <summary>Versions of the OCI runtime specification.</summary>
public static class OciVersions
{
    /// <summary>The first one.</summary>
    public const string Oldest = "1.0.0";

    /// <summary>The one this engine implements, as its state documents say.</summary>
    public const string Newest = "1.3.0";
}
