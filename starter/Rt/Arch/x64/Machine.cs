namespace Engine.Starter;

/// <summary>What start-up must know about the processor; the rest of it is in start.S beside this file.</summary>
internal static class Machine
{
    /// <summary>R_X86_64_RELATIVE: add the load address (System V ABI, AMD64 supplement).</summary>
    public const uint R_RELATIVE = 8;
}
