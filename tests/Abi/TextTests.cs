using System.Globalization;
using System.Text;
using Engine.Starter;

namespace Engine.Tests.Abi;

/// <summary>starter/Text under .NET, against .NET's own formatting.</summary>
public unsafe class TextTests
{
    private static string Build(int capacity, Action<nint> write)
    {
        byte* buffer = stackalloc byte[capacity];
        TextBuilder text = new(buffer, capacity);
        write((nint)(&text));
        Assert.Equal(0, buffer[text.Length]);
        return Encoding.ASCII.GetString(text.Span) + (text.Overflowed ? " overflowed" : "");
    }

    [Fact]
    public void Numbers_are_written_and_read_as_dotnet_does()
    {
        List<ulong> numbers = [0, 1, 7, 8, 9, 10, 99, 100, 1UL << 31, 1UL << 32, 1UL << 63, ulong.MaxValue];
        Random random = new(20261122);
        for (int i = 0; i < 1000; i++)
            numbers.Add((ulong)random.NextInt64() >> random.Next(64));
        numbers.ForEach(WriteAndRead);
    }

    private static void WriteAndRead(ulong value)
    {
        string text = Build(200, t =>
        {
            TextBuilder* builder = (TextBuilder*)t;
            builder->AppendDecimal(value);
            builder->Append((byte)' ');
            builder->AppendDecimal((long)value);
            builder->Append((byte)' ');
            builder->AppendHex(value);
            builder->Append((byte)' ');
            builder->AppendOctal(value);
            builder->Append((byte)' ');
            builder->AppendPadded(value, 9);
        });
        string octal = Convert.ToString((long)value, 8);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{value} {(long)value} {value:x} {octal} {value:D9}"), text);
        Assert.True(Number.TryParse(Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)), out ulong read));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("0x10")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999999999")]
    public void What_is_no_number_is_refused(string text)
    {
        Assert.False(Number.TryParse(Encoding.ASCII.GetBytes(text), out ulong _));
        Assert.False(Number.TryParse(Encoding.ASCII.GetBytes(text), out int _));
    }

    [Fact]
    public void A_text_that_does_not_fit_is_dropped_whole_and_nothing_follows_it()
    {
        string text = Build(8, t =>
        {
            TextBuilder* builder = (TextBuilder*)t;
            builder->Append("1234"u8);
            builder->Append("56789"u8);
            builder->Append("x"u8);
        });
        Assert.Equal("1234 overflowed", text);
    }

    [Fact]
    public void Paths_get_one_slash_between_components()
    {
        Assert.Equal("/sys/fs/cgroup", Build(64, t =>
        {
            ((TextBuilder*)t)->AppendPath("/"u8);
            ((TextBuilder*)t)->AppendPath("sys"u8);
            ((TextBuilder*)t)->AppendPath("fs/"u8);
            ((TextBuilder*)t)->AppendPath("cgroup"u8);
        }));
    }
}
