namespace Engine.Linux;

/// <summary>Who this process is.</summary>
public static class Identity
{
    /// <summary>geteuid(2).</summary>
    public static uint EffectiveUid => Libc.geteuid();
}
