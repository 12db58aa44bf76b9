// Methods that ilc binds by namespace, type and name. Each says why it may be as small as it is.

using Engine.Starter;
using System.Runtime;

namespace System.Runtime
{
    // Casts between classes: needs objects, and there are none. ilc still wants to see every helper before it drops them.
    internal static unsafe class TypeCast
    {
        private static object IsInstanceOfAny(void* type, object o) => o;

        private static object IsInstanceOfInterface(void* type, object o) => o;

        private static object IsInstanceOfClass(void* type, object o) => o;

        private static object IsInstanceOfException(void* type, object o) => o;

        private static object CheckCastAny(void* type, object o) => o;

        private static object CheckCastInterface(void* type, object o) => o;

        private static object CheckCastClass(void* type, object o) => o;

        private static object CheckCastClassSpecial(void* type, object o) => o;

        private static void StelemRef(object[] array, nint index, object o) { }

        private static ref object LdelemaRef(object[] array, nint index, nint type) => ref array[index];
    }
}

namespace System.Runtime.InteropServices
{
    // Interface calls on objects would look here last; without objects none is ever made.
    internal static unsafe class IDynamicInterfaceCastable
    {
        private static void* GetDynamicInterfaceImplementation(object instance, void* interfaceType, ushort slot) => null;
    }
}

namespace Internal.Runtime.CompilerHelpers
{
    // A failed check means that the program is wrong or was lied to. It ends at once, with a line that says which check:
    // no unwinding, no handler, nothing that hostile input could steer.
    internal static class ThrowHelpers
    {
        public static void ThrowIndexOutOfRangeException() => Fatal.Die("fatal: index out of range\n"u8);

        private static void ThrowOverflowException() => Fatal.Die("fatal: arithmetic overflow\n"u8);

        private static void ThrowDivideByZeroException() => Fatal.Die("fatal: division by zero\n"u8);

        private static void ThrowNullReferenceException() => Fatal.Die("fatal: null reference\n"u8);

        // ilc puts it where it removed a body that it proved unreachable.
        private static void ThrowFeatureBodyRemoved() => Fatal.Die("fatal: removed code reached\n"u8);
    }

    internal static class StartupCodeHelpers
    {
        // Called when a stack cookie does not match. The stack is not to be trusted: nothing but the message and the end.
        [RuntimeExport("RhpFallbackFailFast")]
        private static void StackSmashed() => Fatal.Die("fatal: stack cookie overwritten\n"u8);
    }
}

namespace Internal.Runtime.CompilerHelpers
{
    // Named by `ldtoken`, which constant tables are made of; the code generator expands CreateSpan and none of these is left.
    internal static class LdTokenHelpers
    {
        private static System.RuntimeTypeHandle GetRuntimeTypeHandle(System.IntPtr type) => default;

        private static System.RuntimeMethodHandle GetRuntimeMethodHandle(System.IntPtr method) => default;

        private static System.RuntimeFieldHandle GetRuntimeFieldHandle(System.IntPtr field) => default;
    }
}
