using Engine.Rpc;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Rpc;

/// <summary>Every message there is: what is written is read again, and nothing else is.</summary>
public sealed class MessageTests : IDisposable
{
    private readonly MessageArena _arena = new();
    private readonly Random _random = new(20251122);

    public static TheoryData<string> Names => [.. Messages.All.Select(t => t.Name)];

    public void Dispose() => _arena.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_written_is_read(string name)
    {
        var type = TypeOf(name);
        for (int i = 0; i < 200; i++)
        {
            var message = Messages.Random(type, _random, _arena);
            byte[] bytes = Messages.Encode(message);
            Assert.Equal(Messages.Values(message), Messages.Decode(type, bytes, out var status));
            Assert.Equal(WireStatus.Ok, status);
            // Written again it is the same: there is one form of every message.
            Assert.Equal(bytes, Messages.Recode(Messages.KindOf(type), bytes).Output);
            _arena.Reset();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_cut_anywhere_is_short_and_one_with_a_byte_more_is_refused(string name)
    {
        var type = TypeOf(name);
        byte[] bytes = Messages.Encode(Messages.Random(type, _random, _arena));
        for (int length = 0; length < bytes.Length; length++)
        {
            Messages.Decode(type, bytes[..length], out var status);
            Assert.Equal(WireStatus.Short, status);
        }

        Messages.Decode(type, [.. bytes, 0], out var trailing);
        Assert.Equal(WireStatus.Trailing, trailing);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_buffer_that_is_a_byte_too_small_is_noticed(string name)
    {
        var message = Messages.Random(TypeOf(name), _random, _arena);
        byte[] bytes = Messages.Encode(message);
        for (int capacity = 0; capacity < bytes.Length; capacity++)
        {
            Messages.Encode(message, out var status, capacity);
            Assert.Equal(WireStatus.Short, status);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Another_number_of_fields_is_refused(string name)
    {
        var type = TypeOf(name);
        byte[] bytes = Messages.Encode(Messages.Random(type, _random, _arena));
        if (bytes[0] is >= 0x90 and < 0x9f)
        {
            byte[] fewer = [(byte)(bytes[0] == 0x90 ? 0x91 : bytes[0] - 1), .. bytes[1..]];
            Messages.Decode(type, fewer, out var status);
            Assert.NotEqual(WireStatus.Ok, status);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_bytes_are_refused_or_read_to_their_end(string name)
    {
        var type = TypeOf(name);
        byte[] good = Messages.Encode(Messages.Random(type, _random, _arena));
        for (int i = 0; i < 500; i++)
        {
            byte[] bytes = [.. good];
            for (int changes = _random.Next(1, 4); changes > 0 && bytes.Length > 0; changes--)
            {
                bytes[_random.Next(bytes.Length)] = (byte)_random.Next(256);
            }

            // Whatever is accepted can be written, and is then accepted as the same.
            if (Messages.Recode(Messages.KindOf(type), bytes) is (0, { } again))
            {
                Assert.Equal(again, Messages.Recode(Messages.KindOf(type), again).Output);
            }
        }
    }

    [Fact]
    public void The_recoder_knows_every_message()
    {
        Assert.All(Messages.All, type => Assert.True(Messages.KindOf(type) >= 0, type.Name));
        Assert.Equal(Starter.Recoder.Kinds, Messages.All.Count + 1);
    }

    private static Type TypeOf(string name) => Messages.All.Single(t => t.Name == name);
}
