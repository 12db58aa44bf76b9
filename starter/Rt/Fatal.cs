using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace Engine.Starter;

/// <summary>The end of the process after a broken invariant. In assembly, so that it works with a ruined stack.</summary>
internal static unsafe class Fatal
{
    /// <summary>Writes <paramref name="message"/> (ends in a newline) to standard error and leaves with status 255, all threads.</summary>
    public static void Die(ReadOnlySpan<byte> message)
    {
        fixed (byte* p = message)
            rt_fatal(p, message.Length);
    }

    [RuntimeImport("*", "rt_fatal")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void rt_fatal(byte* message, long length);
}
