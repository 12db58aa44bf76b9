using Engine.State;

namespace Engine.Tests.Unit.State;

/// <summary>/proc/PID/timens_offsets as the kernel writes it (time_namespaces(7)).</summary>
public class TimeNamespaceTests
{
    [Theory]
    [InlineData("monotonic           0         0\nboottime            0         0\n", 0)]
    [InlineData("monotonic      -86400         0\nboottime       100000         0\n", 10_000_000)]
    [InlineData("monotonic           0         0\nboottime           -1 500000000\n", -50)]
    [InlineData("boottime 7 19999999", 701)]
    [InlineData("monotonic           5         0\n", 0)]
    [InlineData("boottime 1\n", 0)]
    [InlineData("boottime one 0\n", 0)]
    [InlineData("", 0)]
    public void The_offset_of_the_boot_clock_in_ticks(string text, long ticks) => Assert.Equal(ticks, TimeNamespace.ParseBootTicks(text));
}
