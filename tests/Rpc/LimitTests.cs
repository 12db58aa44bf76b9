using System.Text;
using Engine.Rpc;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Rpc;

/// <summary>A value at its limit passes, one over it is refused, by the writer and by the reader alike.</summary>
public sealed class LimitTests : IDisposable
{
    private readonly MessageArena _arena = new();

    public static TheoryData<string, int> Texts => new()
    {
        { "Hello.Build", Limits.Name },
        { "ErrorRecord.Operation", Limits.Name },
        { "ErrorRecord.Path", Limits.Path },
        { "ErrorRecord.Detail", Limits.Detail },
        { "OpenCgroup.Mountpoint", Limits.Path },
        { "OpenCgroup.Path", Limits.Path },
        { "WriteCgroup.File", Limits.Leaf },
        { "WriteCgroup.Value", Limits.KernelValue },
        { "CloneSource.Path", Limits.Path },
        { "OpenNamespace.Path", Limits.Path },
        { "ConnectSocket.Path", Limits.Path },
        { "RunHook.Path", Limits.Path },
        { "RunHook.Status", Limits.Name },
        { "StateChange.Status", Limits.Name },
        { "MountFilesystem.Type", Limits.Name },
        { "MountFilesystem.Source", Limits.Path },
        { "MountFilesystem.Destination", Limits.Path },
        { "MountBind.Destination", Limits.Path },
        { "ChangeMount.Destination", Limits.Path },
        { "CreateDirectory.Path", Limits.Path },
        { "CreateDevice.Path", Limits.Path },
        { "CreateSymlink.Target", Limits.Path },
        { "CreateSymlink.Path", Limits.Path },
        { "PathRequest.Path", Limits.Path },
        { "SetSysctl.Key", Limits.Path },
        { "SetSysctl.Value", Limits.KernelValue },
        { "SetName.Name", Limits.HostName },
        { "Launch.Id", Limits.Id },
        { "Launch.LogLeaf", Limits.Leaf },
        { "Launch.PidLeaf", Limits.Leaf },
        { "Launch.SyncSocket", Limits.Path },
        { "ProcessPlan.Cwd", Limits.Path },
        { "ProcessPlan.ApparmorProfile", Limits.Path },
        { "ProcessPlan.SelinuxLabel", Limits.Path },
        { "ProcessPlan.Keyring", Limits.Leaf },
        { "ProcessPlan.Seccomp", Limits.SeccompBytes },
        { "ProcessPlan.ListenerHead", Limits.Name },
    };

    public void Dispose() => _arena.Dispose();

    [Theory]
    [MemberData(nameof(Texts))]
    public void Texts_end_at_their_limit(string field, int limit)
    {
        var (type, name) = Split(field);
        byte[] bytes = Messages.Encode(With(type, name, _arena.Text(new string('a', limit))));
        Messages.Decode(type, bytes, out var status);
        Assert.Equal(WireStatus.Ok, status);

        Messages.Encode(With(type, name, _arena.Text(new string('a', limit + 1))), out status);
        Assert.Equal(WireStatus.Range, status);
        // A writer that does not keep the limit: one byte is put into the string and counted in its header.
        Messages.Decode(type, Lengthened(bytes, limit), out status);
        Assert.Equal(WireStatus.Range, status);
    }

    [Theory]
    [InlineData("RunHook.Args", Limits.HookStrings)]
    [InlineData("RunHook.Env", Limits.HookStrings)]
    [InlineData("MountFilesystem.Options", Limits.MountOptions)]
    public void Lists_end_at_their_limit(string field, int limit)
    {
        var (type, name) = Split(field);
        byte[] bytes = Messages.Encode(With(type, name, _arena.List([.. Enumerable.Repeat("x", limit)])));
        Messages.Decode(type, bytes, out var status);
        Assert.Equal(WireStatus.Ok, status);
        Messages.Encode(With(type, name, _arena.List([.. Enumerable.Repeat("x", limit + 1)])), out status);
        Assert.Equal(WireStatus.Range, status);
    }

    [Theory]
    [InlineData("Spawn.UidMap", Limits.IdMapWords)]
    [InlineData("Spawn.GidMap", Limits.IdMapWords)]
    [InlineData("ProcessPlan.Rlimits", Limits.RlimitWords)]
    [InlineData("ProcessPlan.FinalCpus", Limits.BitmapWords)]
    [InlineData("RaiseLimits.Rlimits", Limits.RlimitWords)]
    [InlineData("MoveNetDevice.Addresses", Limits.AddressWords)]
    public void Packed_numbers_end_at_their_limit(string field, int limit)
    {
        var (type, name) = Split(field);
        Messages.Decode(type, Messages.Encode(With(type, name, _arena.Words(new uint[limit]))), out var status);
        Assert.Equal(WireStatus.Ok, status);
        Messages.Encode(With(type, name, _arena.Words(new uint[limit + 1])), out status);
        Assert.Equal(WireStatus.Range, status);
    }

    [Fact]
    public void The_elements_of_a_list_have_a_limit_of_their_own()
    {
        Messages.Encode(With(typeof(MountFilesystem), "Options", _arena.List([new string('o', Limits.MountOption)])), out var status);
        Assert.Equal(WireStatus.Ok, status);
        Messages.Encode(With(typeof(MountFilesystem), "Options", _arena.List(["a", new string('o', Limits.MountOption + 1)])), out status);
        Assert.Equal(WireStatus.Range, status);
    }

    [Fact]
    public void Packed_bytes_that_are_no_whole_numbers_are_refused()
    {
        byte[] bytes = Messages.Encode(With(typeof(Spawn), "UidMap", _arena.Words([1, 2, 3])));
        int header = Array.IndexOf(bytes, (byte)0xc4);
        byte[] cut = [.. bytes[..(header + 1)], 11, .. bytes[(header + 3)..]];
        Messages.Decode(typeof(Spawn), cut, out var status);
        Assert.Equal(WireStatus.Count, status);
    }

    private static (Type Type, string Field) Split(string field) =>
        (Messages.All.Single(t => t.Name == field.Split('.')[0]), field.Split('.')[1]);

    private static IMessage With(Type type, string field, object value)
    {
        object message = Activator.CreateInstance(type)!;
        type.GetField(field)!.SetValue(message, value);
        return (IMessage)message;
    }

    // Finds the run of a's and its header, puts one more a in and counts it.
    private static byte[] Lengthened(byte[] bytes, int run)
    {
        int at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(new string('a', run)));
        byte[] longer = [.. bytes[..at], (byte)'a', .. bytes[at..]];
        // The length is big-endian, and none of the limits lies where it would need another byte.
        if (++longer[at - 1] == 0)
        {
            longer[at - 2]++;
        }

        return longer;
    }
}
