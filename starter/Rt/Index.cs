// What `span[1..]` and `span[^1]` need to bind; csc lowers both to Slice and Length and never builds one of these.

namespace System;

public readonly struct Index
{
    private readonly int _value;

    public Index(int value, bool fromEnd = false) => _value = fromEnd ? ~value : value;

    public int GetOffset(int length) => _value < 0 ? _value + length + 1 : _value;

    public static implicit operator Index(int value) => new Index(value);
}

public readonly struct Range
{
    public Index Start { get; }

    public Index End { get; }

    public Range(Index start, Index end)
    {
        Start = start;
        End = end;
    }

    public static Range StartAt(Index start) => new Range(start, new Index(0, true));

    public static Range EndAt(Index end) => new Range(new Index(0), end);

    public static Range All => new Range(new Index(0), new Index(0, true));
}
