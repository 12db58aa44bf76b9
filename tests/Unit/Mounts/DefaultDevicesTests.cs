using Engine.Mounts;

namespace Engine.Tests.Unit.Mounts;

public class DefaultDevicesTests
{
    [Fact]
    public void The_devices_of_the_specification_are_all_there() =>
        Assert.Equal(["/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"], DefaultDevices.Nodes.Select(n => n.Path).Order());

    [Fact]
    public void Their_numbers_are_this_machines()
    {
        foreach (var node in DefaultDevices.Nodes)
        {
            // "major:minor" of the kernel's own table.
            var name = Path.GetFileName(node.Path);
            var directory = Directory.GetDirectories("/sys/class", "mem").Concat(Directory.GetDirectories("/sys/class", "tty")).First(d => Directory.Exists(Path.Combine(d, name)));
            Assert.Equal($"{node.Major}:{node.Minor}", File.ReadAllText(Path.Combine(directory, name, "dev")).Trim());
        }
        Assert.Equal(438u, DefaultDevices.Mode);
    }
}
