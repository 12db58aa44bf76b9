using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Rpc.Linux;

namespace Engine.Linux;

/// <summary>An error reply of the other side, or of the bus.</summary>
/// <param name="name">The error's D-Bus name.</param>
/// <param name="message">Its text.</param>
public sealed class DBusException(string name, string message) : Exception(message)
{
    /// <summary>The error's D-Bus name.</summary>
    public string Name => name;
}

/// <summary>A connection to a message bus, with the rights of this process. One thread at a time.</summary>
public sealed unsafe class DBus : IDisposable
{
    // What the manager needs to make a cgroup on a busy machine; sd-bus' own default is 25 s.
    private const ulong CallMicroseconds = 30_000_000;
    private readonly nint _bus;

    private DBus(nint bus) => _bus = bus;

    /// <summary>Connects to the system's bus, or with <paramref name="user"/> to the one of the user's session.</summary>
    /// <exception cref="SyscallException">No bus is there, or it does not let this process in.</exception>
    /// <exception cref="DllNotFoundException">There is no libsystemd.</exception>
    public static DBus Open(bool user)
    {
        nint bus;
        Check(user ? Libsystemd.sd_bus_open_user(&bus) : Libsystemd.sd_bus_open_system(&bus), user ? "sd_bus_open_user" : "sd_bus_open_system");
        return new DBus(bus);
    }

    /// <summary>A new method call; the caller's to dispose.</summary>
    public DBusMessage NewCall(string destination, string path, string @interface, string member)
    {
        nint message;
        Check(Libsystemd.sd_bus_message_new_method_call(_bus, &message, destination, path, @interface, member), member);
        return new DBusMessage(message);
    }

    /// <summary>Sends it and waits for the answer, which is the caller's to dispose.</summary>
    /// <exception cref="DBusException">The answer is an error.</exception>
    public DBusMessage Call(DBusMessage message)
    {
        nint reply;
        sd_bus_error error = default;
        int result = Libsystemd.sd_bus_call(_bus, message.Handle, CallMicroseconds, &error, &reply);
        try
        {
            if (error.name != null)
            {
                throw new DBusException(Text(error.name), Text(error.message));
            }

            Check(result, "sd_bus_call");
            return new DBusMessage(reply);
        }
        finally
        {
            Libsystemd.sd_bus_error_free(&error);
        }
    }

    /// <summary>The next signal of that name, the caller's to dispose; null when none came in time. Others are dropped.</summary>
    public DBusMessage? WaitForSignal(string @interface, string member, TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            nint message = 0;
            int result = Check(Libsystemd.sd_bus_process(_bus, &message), "sd_bus_process");
            if (message != 0)
            {
                if (Libsystemd.sd_bus_message_is_signal(message, @interface, member) > 0)
                {
                    return new DBusMessage(message);
                }

                Libsystemd.sd_bus_message_unref(message);
            }

            TimeSpan left = time - clock.Elapsed;
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            if (result == 0)
            {
                Check(Libsystemd.sd_bus_wait(_bus, (ulong)left.TotalMicroseconds), "sd_bus_wait");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Libsystemd.sd_bus_flush_close_unref(_bus);

    internal static int Check(int result, string call) => result >= 0 ? result : throw new SyscallException(call, "", -result);

    internal static string Text(byte* text) => text == null ? "" : Marshal.PtrToStringUTF8((nint)text)!;
}

/// <summary>A message, written or read from its beginning. Types are D-Bus' characters.</summary>
public sealed unsafe class DBusMessage : IDisposable
{
    internal DBusMessage(nint handle) => Handle = handle;

    internal nint Handle { get; }

    /// <summary>Appends a string, an object path or a signature: <paramref name="type"/> 's', 'o' or 'g'.</summary>
    public DBusMessage Text(string text, char type = 's')
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(text + "\0"))
        {
            return Basic(type, bytes);
        }
    }

    /// <summary>'b'.</summary>
    public DBusMessage Bool(bool value)
    {
        int number = value ? 1 : 0;
        return Basic('b', &number);
    }

    /// <summary>'u'.</summary>
    public DBusMessage UInt32(uint value) => Basic('u', &value);

    /// <summary>'i'.</summary>
    public DBusMessage Int32(int value) => Basic('i', &value);

    /// <summary>'t'.</summary>
    public DBusMessage UInt64(ulong value) => Basic('t', &value);

    /// <summary>"ay".</summary>
    public DBusMessage Bytes(ReadOnlySpan<byte> values)
    {
        fixed (byte* at = values)
        {
            DBus.Check(Libsystemd.sd_bus_message_append_array(Handle, (byte)'y', at, (nuint)values.Length), "sd_bus_message_append_array");
        }

        return this;
    }

    /// <summary>Opens an array 'a', a struct 'r' or a variant 'v'.</summary>
    public DBusMessage Open(char type, string contents)
    {
        DBus.Check(Libsystemd.sd_bus_message_open_container(Handle, (byte)type, contents), "sd_bus_message_open_container");
        return this;
    }

    /// <summary>Closes what was opened last.</summary>
    public DBusMessage Close()
    {
        DBus.Check(Libsystemd.sd_bus_message_close_container(Handle), "sd_bus_message_close_container");
        return this;
    }

    /// <summary>Reads a string or an object path.</summary>
    public string ReadText(char type = 's')
    {
        byte* text;
        Read(type, &text);
        return DBus.Text(text);
    }

    /// <summary>Reads 'u'.</summary>
    public uint ReadUInt32()
    {
        uint value;
        Read('u', &value);
        return value;
    }

    /// <summary>Goes into a variant, to read what is in it.</summary>
    public DBusMessage EnterVariant(string contents)
    {
        DBus.Check(Libsystemd.sd_bus_message_enter_container(Handle, (byte)'v', contents), "sd_bus_message_enter_container");
        return this;
    }

    /// <inheritdoc/>
    public void Dispose() => Libsystemd.sd_bus_message_unref(Handle);

    private DBusMessage Basic(char type, void* value)
    {
        DBus.Check(Libsystemd.sd_bus_message_append_basic(Handle, (byte)type, value), "sd_bus_message_append_basic");
        return this;
    }

    private void Read(char type, void* value)
    {
        if (DBus.Check(Libsystemd.sd_bus_message_read_basic(Handle, (byte)type, value), "sd_bus_message_read_basic") == 0)
        {
            throw new DBusException("org.freedesktop.DBus.Error.InvalidSignature", "the answer is shorter than expected");
        }
    }
}
