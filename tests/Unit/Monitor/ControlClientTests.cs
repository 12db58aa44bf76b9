using System.Text;
using Engine.Control;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Tests.Unit.Monitor;

/// <summary>The commands' client against a running master.</summary>
public sealed class ControlClientTests : IDisposable
{
    private readonly RunningMaster _master = new();
    private readonly ControlClient _client;

    public ControlClientTests()
    {
        using var directory = Files.OpenDirectory(Path.GetDirectoryName(_master.SocketPath)!);
        _client = ControlClient.Connect(directory, "box");
    }

    public void Dispose()
    {
        _client.Dispose();
        _master.Dispose();
    }

    [Fact]
    public void Each_verb_is_its_request()
    {
        _client.Start();
        Assert.Equal(("Start 1", "RunHook /bin/hook 3000 running"), (_master.Supervisor.Next(), _master.Supervisor.Next()));
        _client.Kill(9, all: true);
        Assert.Equal("Kill 9 True", _master.Supervisor.Next());
        _client.Pause();
        Assert.Equal("Freeze", _master.Supervisor.Next());
        _client.Resume();
        Assert.Equal("Thaw", _master.Supervisor.Next());
        _client.Resize(new TerminalSize(24, 80));
        Assert.Equal("Resize 24x80", _master.Supervisor.Next());
        _client.ReopenLog();
        Assert.Equal("ReopenLog", _master.Supervisor.Next());
        Assert.Equal("box", _client.State().GetProperty("id").GetString());
        Assert.Equal("box", _client.Stats().GetProperty("id").GetString());
    }

    [Fact]
    public void A_failure_names_the_container_and_the_client_goes_on()
    {
        _master.Supervisor.Fail("Freeze", Errno.EBUSY);
        Assert.Equal("container \"box\": Freeze object: Device or resource busy (EBUSY)", Assert.Throws<EngineException>(_client.Pause).Message);
        _client.Resume();
    }

    [Fact]
    public void What_update_is_given_is_refused_by_its_path()
    {
        var error = Assert.Throws<EngineException>(() => _client.Update(Encoding.UTF8.GetBytes("""{ "pids": { "limit": "many" } }""")));
        Assert.Contains("pids.limit", error.Message, StringComparison.Ordinal);
        Assert.Throws<EngineException>(() => _client.Update("{"u8.ToArray()));
    }

    [Fact]
    public void Changes_are_told_in_order_until_the_container_is_gone()
    {
        Assert.Equal("running", _client.Subscribe());
        _master.Supervisor.Notify("stopped", exitCode: 3);
        Assert.Equal(new ControlNotification("stateChanged", "stopped", 3, false), _client.Next(TimeSpan.FromSeconds(20)));
        Assert.Equal(new ControlNotification("exited", "stopped", 3, false), _client.Next(TimeSpan.FromSeconds(20)));
        Assert.Throws<TimeoutException>(() => _client.Next(TimeSpan.Zero));
        _master.Supervisor.Leave();
        Assert.Null(_client.Next(TimeSpan.FromSeconds(20)));
        Assert.Contains("try again", Assert.Throws<EngineException>(_client.Pause).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_supervisor_the_way_out_is_said()
    {
        var empty = Directory.CreateTempSubdirectory("engine-empty-");
        try
        {
            using var directory = Files.OpenDirectory(empty.FullName);
            var error = Assert.Throws<EngineException>(() => ControlClient.Connect(directory, "gone"));
            Assert.Equal("container \"gone\": its supervisor is gone; 'delete --force' removes what is left", error.Message);
            Assert.IsType<SyscallException>(error.InnerException);
        }
        finally
        {
            empty.Delete();
        }
    }
}
