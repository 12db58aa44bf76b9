namespace Engine.Starter;

/// <summary>What start-up must know about the processor; the rest of it is in start.S beside this file.</summary>
internal static class Machine
{
    /// <summary>R_AARCH64_RELATIVE: add the load address (ELF for the Arm 64-bit Architecture).</summary>
    public const uint R_RELATIVE = 1027;
}
