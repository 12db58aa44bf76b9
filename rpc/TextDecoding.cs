using System.Text;
using Engine.Shared.Wire;

namespace Engine.Rpc;

/// <summary>From the wire's bytes to strings.</summary>
public static unsafe class TextDecoding
{
    /// <summary>A copy as a string; bytes that are not UTF-8 (a path may hold any) become U+FFFD. Empty for absent.</summary>
    public static string Decode(this Text text) => text.IsEmpty ? "" : Encoding.UTF8.GetString(text.At, text.Length);
}
