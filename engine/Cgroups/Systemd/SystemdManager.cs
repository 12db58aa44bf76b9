using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;

namespace Engine.Cgroups.Systemd;

/// <summary>
/// systemd's manager on the bus (org.freedesktop.systemd1(5)). Runs in the command line, with the caller's rights: the manager
/// takes none of this from the unprivileged master.
/// </summary>
internal sealed class SystemdManager : IDisposable
{
    private const string Destination = "org.freedesktop.systemd1";
    private const string Path = "/org/freedesktop/systemd1";
    private const string Interface = "org.freedesktop.systemd1.Manager";
    private const string UnitExists = "org.freedesktop.systemd1.UnitExists";
    private const string NoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";

    private static readonly TimeSpan JobTime = TimeSpan.FromSeconds(30);
    private readonly DBus _bus;

    private SystemdManager(DBus bus) => _bus = bus;

    /// <summary>Connects to the manager of the system, or for an ordinary user to that user's.</summary>
    /// <exception cref="CgroupException">There is no library, no bus, or no systemd on it.</exception>
    public static SystemdManager Connect()
    {
        try
        {
            var manager = new SystemdManager(DBus.Open(IsUsers));
            manager.WatchJobs();
            return manager;
        }
        catch (DllNotFoundException error)
        {
            throw new CgroupException("the systemd cgroup driver needs libsystemd.so.0, which cannot be loaded", "install the package libsystemd0, or leave the systemd cgroup driver away", error);
        }
        catch (SyscallException error)
        {
            throw IsUsers
                ? new CgroupException(
                    $"the systemd cgroup driver cannot reach the user's bus: {error.Message}",
                    "XDG_RUNTIME_DIR or DBUS_SESSION_BUS_ADDRESS says where it is, and a login session or 'loginctl enable-linger USER' keeps it; or leave the systemd cgroup driver away",
                    error)
                : new CgroupException($"the systemd cgroup driver cannot reach the system bus: {error.Message}", "systemd and D-Bus must run here, or leave the systemd cgroup driver away", error);
        }
    }

    /// <summary>
    /// True where the manager is an ordinary user's: only that one takes orders from this process. Root of a user namespace is an
    /// ordinary user, but where the machine's manager lives in that namespace, too.
    /// </summary>
    public static bool IsUsers { get; } = Identity.EffectiveUid != 0 ||
        (Identity.IsInUserNamespace && Files.ReadLink("/proc/1/ns/user") != Files.ReadLink("/proc/self/ns/user"));

    /// <summary>The cgroup below which the manager makes units.</summary>
    /// <exception cref="CgroupException">It does not say.</exception>
    public string ControlGroup()
    {
        try
        {
            using DBusMessage call = _bus.NewCall(Destination, Path, "org.freedesktop.DBus.Properties", "Get");
            using DBusMessage reply = _bus.Call(call.Text(Interface).Text("ControlGroup"));
            return reply.EnterVariant("s").ReadText();
        }
        catch (DBusException error)
        {
            throw Refused("ControlGroup", error);
        }
    }

    /// <summary>Makes a transient unit and waits until it is active. A failed one of that name is forgotten first.</summary>
    /// <exception cref="CgroupException">It exists, or systemd refuses it.</exception>
    public void Start(string unit, IReadOnlyList<UnitProperty> properties)
    {
        string doing = "StartTransientUnit " + unit;
        try
        {
            StartOnce(unit, properties);
        }
        catch (DBusException error) when (error.Name == UnitExists)
        {
            ResetFailed(unit);
            Guard(doing, () => StartOnce(unit, properties));
        }
        catch (DBusException error)
        {
            throw Refused(doing, error);
        }
    }

    /// <summary>Changes a unit until the next boot.</summary>
    /// <exception cref="CgroupException">systemd refuses.</exception>
    public void Set(string unit, IReadOnlyList<UnitProperty> properties) => Guard("SetUnitProperties " + unit, () =>
    {
        using DBusMessage call = _bus.NewCall(Destination, Path, Interface, "SetUnitProperties");
        call.Text(unit).Bool(true);
        Append(call, properties);
        _bus.Call(call).Dispose();
    });

    /// <summary>Stops a unit, which ends what is in it, and makes systemd forget it. One that is not there is fine.</summary>
    /// <exception cref="CgroupException">systemd refuses, or it does not end.</exception>
    public void Stop(string unit)
    {
        string doing = "StopUnit " + unit;
        try
        {
            using DBusMessage call = _bus.NewCall(Destination, Path, Interface, "StopUnit");
            call.Text(unit).Text("replace");
            WaitForJob(doing, call);
        }
        catch (DBusException error) when (error.Name == NoSuchUnit)
        {
            return;
        }
        catch (DBusException error)
        {
            throw Refused(doing, error);
        }

        ResetFailed(unit);
    }

    /// <inheritdoc/>
    public void Dispose() => _bus.Dispose();

    private void StartOnce(string unit, IReadOnlyList<UnitProperty> properties)
    {
        using DBusMessage call = _bus.NewCall(Destination, Path, Interface, "StartTransientUnit");
        call.Text(unit).Text("replace");
        Append(call, properties);
        call.Open('a', "(sa(sv))").Close();
        WaitForJob("StartTransientUnit " + unit, call);
    }

    private void ResetFailed(string unit)
    {
        try
        {
            using DBusMessage call = _bus.NewCall(Destination, Path, Interface, "ResetFailedUnit");
            _bus.Call(call.Text(unit)).Dispose();
        }
        catch (DBusException)
        {
            // Not there, or not failed: nothing is in the way.
        }
    }

    private static void Append(DBusMessage call, IReadOnlyList<UnitProperty> properties)
    {
        call.Open('a', "(sv)");
        foreach (UnitProperty property in properties)
        {
            property.AppendTo(call);
        }

        call.Close();
    }

    // Before the first job, so that none ends unseen.
    private void WatchJobs() => Guard("AddMatch", () =>
    {
        using DBusMessage call = _bus.NewCall("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch");
        _bus.Call(call.Text($"type='signal',sender='{Destination}',path='{Path}',interface='{Interface}',member='JobRemoved'")).Dispose();
        using DBusMessage subscribe = _bus.NewCall(Destination, Path, Interface, "Subscribe");
        _bus.Call(subscribe).Dispose();
    });

    private void WaitForJob(string doing, DBusMessage call)
    {
        using DBusMessage reply = _bus.Call(call);
        string job = reply.ReadText('o');
        while (true)
        {
            using DBusMessage signal = _bus.WaitForSignal(Interface, "JobRemoved", JobTime)
                ?? throw new CgroupException($"systemd: {doing}: its job does not end within {JobTime.TotalSeconds} s", "systemctl list-jobs shows it");
            signal.ReadUInt32();
            string path = signal.ReadText('o');
            signal.ReadText();
            string result = signal.ReadText();
            if (path != job)
            {
                continue;
            }

            if (result != "done")
            {
                throw new CgroupException($"systemd: {doing}: the job ended as '{result}'", "the journal says why");
            }

            return;
        }
    }

    private static void Guard(string doing, Action action)
    {
        try
        {
            action();
        }
        catch (DBusException error)
        {
            throw Refused(doing, error);
        }
    }

    private static CgroupException Refused(string doing, DBusException error) => new($"systemd: {doing}: {error.Message} ({error.Name})", null, error);
}
