using System.Runtime.InteropServices;

namespace Engine.Linux;

/// <summary>An error reply (sd-bus-errors.h: struct sd_bus_error).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sd_bus_error
{
    public byte* name;
    public byte* message;
    public int need_free;
}

/// <summary>
/// The part of libsystemd that speaks D-Bus, by its C names (sd-bus.h); negative results are errno. The library is loaded by
/// the first call, so that whoever asks for no systemd needs none.
/// </summary>
internal static unsafe partial class Libsystemd
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    internal static partial int sd_bus_open_system(nint* bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_open_user(nint* bus);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_flush_close_unref(nint bus);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_new_method_call(nint bus, nint* message, string destination, string path, string @interface, string member);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_unref(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_basic(nint message, byte type, void* value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_array(nint message, byte type, void* values, nuint bytes);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_open_container(nint message, byte type, string contents);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_close_container(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(nint message, byte type, void* value);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_enter_container(nint message, byte type, string contents);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sd_bus_message_is_signal(nint message, string @interface, string member);

    [LibraryImport(Library)]
    internal static partial int sd_bus_call(nint bus, nint message, ulong microseconds, sd_bus_error* error, nint* reply);

    [LibraryImport(Library)]
    internal static partial void sd_bus_error_free(sd_bus_error* error);

    [LibraryImport(Library)]
    internal static partial int sd_bus_process(nint bus, nint* message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_wait(nint bus, ulong microseconds);
}
