using System.Text;
using Engine.Attach;
using Engine.Diagnostics;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Attach;

/// <summary>The keys' syntax, and what passes the filter.</summary>
public sealed class DetachKeysTests
{
    [Theory]
    [InlineData("ctrl-p,ctrl-q", new byte[] { 0x10, 0x11 })]
    [InlineData("ctrl-P,ctrl-Q", new byte[] { 0x10, 0x11 })]
    [InlineData("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", new byte[] { 0, 27, 28, 29, 30, 31 })]
    [InlineData("q", new byte[] { (byte)'q' })]
    [InlineData("a,ctrl-a,B", new byte[] { (byte)'a', 1, (byte)'B' })]
    [InlineData("", new byte[0])]
    public void Reads_the_syntax_of_podman_and_docker(string text, byte[] expected) =>
        Assert.Equal(expected, DetachKeys.Parse(text).Sequence.ToArray());

    [Theory]
    [InlineData("ctrl-")]
    [InlineData("ctrl-1")]
    [InlineData("ctrl-pq")]
    [InlineData("strg-p")]
    [InlineData("ab")]
    [InlineData("a,,b")]
    [InlineData(",")]
    [InlineData("a,")]
    [InlineData(" ")]
    [InlineData("\u00e4")]
    public void Refuses_anything_else_and_names_it(string text)
    {
        var error = Assert.Throws<UsageException>(() => DetachKeys.Parse(text));
        Assert.Contains("--detach-keys", error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void The_default_is_ctrl_p_ctrl_q() => Assert.Equal(DetachKeys.Parse("ctrl-p,ctrl-q").Sequence.ToArray(), DetachKeys.Default.Sequence.ToArray());

    [Theory]
    [InlineData("a,b", "xab", "x", true)]
    [InlineData("a,b", "xaab", "xa", true)]
    [InlineData("a,b", "axbab", "axb", true)]
    [InlineData("a,a,b", "aaab", "a", true)]
    [InlineData("a,a,b", "aaaaxaab", "aaaax", true)]
    [InlineData("a,b,a,c", "ababac", "ab", true)]
    [InlineData("a,b", "aba", "", true)]
    [InlineData("a,b", "ccc", "ccc", false)]
    [InlineData("", "a\u0010\u0011", "a\u0010\u0011", false)]
    public void Passes_on_what_is_not_the_keys(string keys, string typed, string passed, bool isDetached)
    {
        foreach (int step in new[] { 1, 2, typed.Length })
        {
            var (output, detached) = Run(DetachKeys.Parse(keys), Encoding.Latin1.GetBytes(typed), step);
            Assert.Equal(isDetached, detached);
            Assert.Equal(passed, Encoding.Latin1.GetString(output));
        }
    }

    [Fact]
    public void Holds_a_beginning_back_until_it_is_clear()
    {
        var filter = new DetachFilter(DetachKeys.Default);
        var output = new List<byte>();
        Assert.False(filter.Feed([0x10], output));
        Assert.Empty(output);
        Assert.False(filter.Feed("x"u8, output));
        Assert.Equal([0x10, (byte)'x'], output);
    }

    [Fact]
    public void Gives_out_what_it_holds_at_the_end_of_input()
    {
        var filter = new DetachFilter(DetachKeys.Default);
        var output = new List<byte>();
        filter.Feed([0x10], output);
        filter.End(output);
        Assert.Equal([0x10], output);
    }

    [Fact]
    public void Agrees_with_a_search_of_the_whole_text_whatever_the_pieces()
    {
        // Few different keys, so that beginnings of the sequence overlap.
        var letters = Gen.Elements((byte)'a', (byte)'b', (byte)'c');
        var cases =
            from keys in letters.ArrayOf().Where(k => k.Length is > 0 and < 6)
            from typed in letters.ArrayOf()
            from step in Gen.Choose(1, 4)
            select (keys, typed, step);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var keys = DetachKeys.Parse(string.Join(',', c.keys.Select(k => (char)k)));
            var (output, detached) = Run(keys, c.typed, c.step);
            int at = c.typed.AsSpan().IndexOf(c.keys);
            return detached == (at >= 0) && output.AsSpan().SequenceEqual(at >= 0 ? c.typed.AsSpan(0, at) : c.typed);
        }).QuickCheckThrowOnFailure();
    }

    private static (byte[] Output, bool Detached) Run(DetachKeys keys, byte[] typed, int step)
    {
        var filter = new DetachFilter(keys);
        var output = new List<byte>();
        for (int i = 0; i < typed.Length; i += step)
        {
            if (filter.Feed(typed.AsSpan(i, Math.Min(step, typed.Length - i)), output))
            {
                return ([.. output], true);
            }
        }

        filter.End(output);
        return ([.. output], false);
    }
}
