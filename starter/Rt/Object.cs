// The types that C# itself is defined in terms of. Objects exist only as type names: there is no heap, `new` of a class does not link.
// Names, namespaces and field order are read by csc or ilc.

namespace System;

public class Object
{
    // ilc lays every object out behind a pointer to its type.
    internal IntPtr m_pEEType;
}

public abstract class ValueType { }

public abstract class Enum : ValueType { }

public struct Void { }

public struct Nullable<T> where T : struct { }

public sealed class String
{
    // Frozen literals are laid out as length and characters; use u8 literals, which are plain bytes.
    public readonly int Length;
    private readonly char _firstChar;
}

public abstract class Array { }

// ilc takes the shape of every array from this type.
internal sealed class Array<T> : Array { }

public abstract class Delegate { }

public abstract class MulticastDelegate : Delegate { }

public struct RuntimeTypeHandle { }

public struct RuntimeMethodHandle { }

public struct RuntimeFieldHandle { }

// `using` on a struct binds to this; ref structs use the pattern and need no interface.
public interface IDisposable
{
    void Dispose();
}
