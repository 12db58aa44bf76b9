// Attributes that csc looks up by name, either because the sources use them or because it writes them into the metadata itself.
// Their arguments are read from metadata by the compilers, so the constructors keep nothing.

namespace System
{
    public abstract class Attribute { }

    [Flags]
    public enum AttributeTargets
    {
        Struct = 8, Enum = 16, Method = 64, Property = 128, Field = 256, Parameter = 2048, Delegate = 4096, ReturnValue = 8192,
        GenericParameter = 16384, All = 32767,
    }

    public sealed class AttributeUsageAttribute : Attribute
    {
        public AttributeUsageAttribute(AttributeTargets validOn) { }

        public bool AllowMultiple { get => false; set { } }

        public bool Inherited { get => false; set { } }
    }

    public sealed class FlagsAttribute : Attribute { }

    public sealed class ParamArrayAttribute : Attribute { }

    public sealed class ObsoleteAttribute : Attribute
    {
        public ObsoleteAttribute(string? message, bool error) { }
    }
}

namespace System.Reflection
{
    // Written by csc on every type with an indexer.
    public sealed class DefaultMemberAttribute : Attribute
    {
        public DefaultMemberAttribute(string memberName) { }
    }
}

namespace System.Diagnostics.CodeAnalysis
{
    [AttributeUsage(AttributeTargets.All)]
    public sealed class UnscopedRefAttribute : Attribute { }
}

namespace System.Runtime.InteropServices
{
    public enum LayoutKind
    {
        Sequential = 0, Explicit = 2, Auto = 3,
    }

    public sealed class StructLayoutAttribute : Attribute
    {
        public StructLayoutAttribute(LayoutKind layoutKind) { }

        public int Pack;
        public int Size;
    }

    public sealed class FieldOffsetAttribute : Attribute
    {
        public FieldOffsetAttribute(int offset) { }
    }

    // The modifier csc puts on `in` parameters and readonly ref returns.
    public sealed class InAttribute : Attribute { }

    public sealed class OutAttribute : Attribute { }

    // The modifier behind the `unmanaged` constraint.
    public abstract class UnmanagedType { }
}

namespace System.Runtime.CompilerServices
{
    public enum MethodImplOptions
    {
        NoInlining = 8, NoOptimization = 64, AggressiveInlining = 256, InternalCall = 4096,
    }

    public sealed class MethodImplAttribute : Attribute
    {
        public MethodImplAttribute(MethodImplOptions options) { }
    }

    // Tells the code generator that it may replace the body by its own expansion.
    public sealed class IntrinsicAttribute : Attribute { }

    public sealed class IsReadOnlyAttribute : Attribute { }

    public sealed class IsByRefLikeAttribute : Attribute { }

    public sealed class IsUnmanagedAttribute : Attribute { }

    public static class IsVolatile { }

    public sealed class ScopedRefAttribute : Attribute { }

    public sealed class RequiresLocationAttribute : Attribute { }

    public sealed class ExtensionAttribute : Attribute { }

    public sealed class CompilerGeneratedAttribute : Attribute { }

    public sealed class RefSafetyRulesAttribute : Attribute
    {
        public RefSafetyRulesAttribute(int version) { }
    }

    // `fixed` buffers in structs.
    public sealed class FixedBufferAttribute : Attribute
    {
        public FixedBufferAttribute(Type elementType, int length) { }
    }

    public sealed class UnsafeValueTypeAttribute : Attribute { }

    // [InlineArray(n)]: fixed buffers of structs.
    [AttributeUsage(AttributeTargets.Struct)]
    public sealed class InlineArrayAttribute : Attribute
    {
        public InlineArrayAttribute(int length) { }
    }

    // `init` accessors.
    public static class IsExternalInit { }

    public sealed class SkipLocalsInitAttribute : Attribute { }
}

namespace System
{
    // Only the operand type of `typeof` inside attribute arguments; no instance is ever made.
    public abstract class Type { }
}

namespace System.Runtime
{
    /// <summary>Gives a static method an unmangled symbol name, for the assembly and for ilc.</summary>
    public sealed class RuntimeExportAttribute : Attribute
    {
        public RuntimeExportAttribute(string entryPoint) { }
    }

    /// <summary>Binds an extern method to a symbol by direct call; "*" means: in this very link.</summary>
    public sealed class RuntimeImportAttribute : Attribute
    {
        // ilc reads both through these property names.
        public string DllName { get; }

        public string EntryPoint { get; }

        public RuntimeImportAttribute(string dllName, string entryPoint)
        {
            DllName = dllName;
            EntryPoint = entryPoint;
        }
    }
}
