using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Engine.Starter;

/// <summary>What C# the freestanding programs may use: each feature that the code generator could refuse, once.</summary>
internal static unsafe class LanguageChecks
{
    private interface IShape
    {
        int Area();

        static abstract int Sides { get; }
    }

    private struct Square : IShape
    {
        public int Side;

        public readonly int Area() => Side * Side;

        public static int Sides => 4;
    }

    private struct Triangle : IShape
    {
        public int Base, Height;

        public readonly int Area() => Base * Height / 2;

        public static int Sides => 3;
    }

    private enum Color : byte
    {
        Red = 1, Green = 2, Blue = 4,
    }

    private struct WithBuffer
    {
        public int Before;
        public fixed byte Bytes[13];
        public int After;
    }

    [InlineArray(5)]
    private struct FiveSquares
    {
        private Square _first;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct Overlay
    {
        [FieldOffset(0)]
        public ulong Word;

        [FieldOffset(0)]
        public byte Low;

        [FieldOffset(8)]
        public int High;
    }

    private static readonly int s_computed = 6 * 7;
    private static Square s_square;
    private static WithBuffer s_large;

    // Tables of constants live in read-only data.
    private static ReadOnlySpan<int> Primes => [2, 3, 5, 7, 11, 13];

    private static ReadOnlySpan<byte> Bytes => [1, 2, 3];

    public static void Run()
    {
        Generics();
        Layouts();
        ControlFlow();
        FunctionPointers();
        Statics();
    }

    private static int AreaTimesSides<T>(in T shape) where T : struct, IShape => shape.Area() * T.Sides;

    private static T Largest<T>(delegate*<T, T, bool> less, T a, T b) where T : unmanaged => less(a, b) ? b : a;

    private static void Generics()
    {
        Check.That(AreaTimesSides(new Square { Side = 3 }) == 36, "constrained call and static abstract member"u8);
        Check.That(AreaTimesSides(new Triangle { Base = 4, Height = 3 }) == 18, "second instantiation"u8);
        Check.That(Largest(&Less, 3, 9) == 9, "generic over unmanaged"u8);
    }

    private static bool Less(int a, int b) => a < b;

    private static void Layouts()
    {
        WithBuffer w = default;
        w.After = 5;
        for (int i = 0; i < 13; i++)
            w.Bytes[i] = 0xff;
        Check.That(w.Before == 0 && w.After == 5 && sizeof(WithBuffer) == 24, "fixed buffer"u8);

        FiveSquares five = default;
        for (int i = 0; i < 5; i++)
            five[i].Side = i;
        Check.That(five[4].Side == 4 && sizeof(FiveSquares) == 20, "inline array"u8);

        Overlay o = default;
        o.Word = 0x1234;
        Check.That(o.Low == 0x34 && sizeof(Overlay) == 16, "explicit layout"u8);
    }

    private static int Describe(int value) => value switch
    {
        0 => 100,
        1 or 2 => 101,
        > 50 and < 60 => 102,
        100 => 103,
        101 => 104,
        102 => 105,
        103 => 106,
        104 => 107,
        105 => 108,
        _ => -1,
    };

    private static void ControlFlow()
    {
        Check.That(Describe(2) == 101 && Describe(55) == 102 && Describe(104) == 107 && Describe(7) == -1, "switch with a jump table"u8);
        Color color = Color.Red | Color.Blue;
        Check.That((color & Color.Blue) != 0 && (byte)color == 5, "enum"u8);
        int sum = 0;
        foreach (int p in Primes)
            sum += p;
        Check.That(sum == 41, "foreach over a span"u8);
        ulong big = 0xffff_ffff_ffff_fff0;
        Check.That(big / 10 == 1844674407370955160 && big % 1000 == 600, "64-bit division"u8);
        nint n = -3;
        nuint u = 3;
        Check.That(n + 5 == 2 && u << 2 == 12, "native integers"u8);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Twice(int x) => 2 * x;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Thrice(int x) => 3 * x;

    private static void FunctionPointers()
    {
        delegate*<int, int>* table = stackalloc delegate*<int, int>[2];
        table[0] = &Twice;
        table[1] = &Thrice;
        Check.That(table[0](5) + table[1](5) == 25, "function pointers"u8);
    }

    private static void Statics()
    {
        s_square.Side = 8;
        s_large.Bytes[12] = 9;
        Check.That(s_computed == 42 && s_square.Area() == 64 && s_large.Bytes[12] == 9, "static fields"u8);
        Check.That(Primes[5] == 13 && Primes.Length == 6 && Bytes[2] == 3, "constant tables"u8);
    }
}
