// Reinterpretation of references. The bodies marked [Intrinsic] call themselves on purpose: the code generator replaces every call.

namespace System.Runtime.CompilerServices
{
    public static class RuntimeFeature
    {
        // csc allows a language feature when its name is a member here.
        public const string ByRefFields = nameof(ByRefFields);
        public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
        public const string NumericIntPtr = nameof(NumericIntPtr);
        public const string VirtualStaticsInInterfaces = nameof(VirtualStaticsInInterfaces);
        public const string DefaultImplementationsOfInterfaces = nameof(DefaultImplementationsOfInterfaces);
        public const string ByRefLikeGenerics = nameof(ByRefLikeGenerics);
    }

    public static class RuntimeHelpers
    {
        // csc asks for it when a string is pinned.
        public static unsafe int OffsetToStringData => sizeof(IntPtr) + sizeof(int);

        // Constant tables (`ReadOnlySpan<int> t = [1, 2, 3];`) become a span over read-only data.
        [Intrinsic]
        public static ReadOnlySpan<T> CreateSpan<T>(RuntimeFieldHandle field) => CreateSpan<T>(field);
    }

    public static unsafe class Unsafe
    {
        [Intrinsic]
        public static ref T Add<T>(ref T source, int elementOffset) => ref Add(ref source, elementOffset);

        [Intrinsic]
        public static ref TTo As<TFrom, TTo>(ref TFrom source) => ref As<TFrom, TTo>(ref source);

        [Intrinsic]
        public static ref T AsRef<T>(scoped ref readonly T source) => ref AsRef(in source);

        [Intrinsic]
        public static void* AsPointer<T>(ref readonly T value) => AsPointer(in value);

        [Intrinsic]
        public static int SizeOf<T>() => SizeOf<T>();

        [Intrinsic]
        public static T ReadUnaligned<T>(void* source) => ReadUnaligned<T>(source);

        [Intrinsic]
        public static void WriteUnaligned<T>(void* destination, T value) => WriteUnaligned(destination, value);
    }
}

namespace System.Runtime.InteropServices
{
    public static class MemoryMarshal
    {
        /// <summary>A span over memory that begins at <paramref name="reference"/>; nothing checks that it is that long.</summary>
        public static Span<T> CreateSpan<T>(scoped ref T reference, int length) => Create(ref reference, length);

        /// <inheritdoc cref="CreateSpan"/>
        public static ReadOnlySpan<T> CreateReadOnlySpan<T>(scoped ref readonly T reference, int length) =>
            Create(ref CompilerServices.Unsafe.AsRef(in reference), length);

        public static ref T GetReference<T>(Span<T> span) => ref span.Reference;

        public static ref T GetReference<T>(ReadOnlySpan<T> span) => ref span.Reference;

        // By way of a pointer: the caller vouches for the lifetime, which is what "scoped" above hides from the compiler.
        private static unsafe Span<T> Create<T>(scoped ref T reference, int length) =>
            new Span<T>(CompilerServices.Unsafe.AsPointer(ref reference), length);
    }
}
