using Engine.Shared.Wire;
using System;

namespace Engine.Starter.Server;

/// <summary>The words of a <see cref="WireStatus"/> in an error.</summary>
internal static class Wording
{
    /// <summary>Why a message could not be read.</summary>
    public static ReadOnlySpan<byte> Of(WireStatus status)
    {
        switch (status)
        {
            case WireStatus.Ok: return "well-formed"u8;
            case WireStatus.Short: return "the message ends early"u8;
            case WireStatus.Type: return "a field has another type"u8;
            case WireStatus.Range: return "a field is over its limit"u8;
            case WireStatus.Nul: return "a string has no NUL at its end, or one inside"u8;
            case WireStatus.Count: return "another number of fields"u8;
            default: return "bytes behind the last field"u8;
        }
    }
}
