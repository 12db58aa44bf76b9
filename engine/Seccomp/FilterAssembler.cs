using System.Runtime.InteropServices;
using Engine.Shared.Linux;
using static Engine.Shared.Linux.filter_h;

namespace Engine.Seccomp;

/// <summary>Classic BPF with labels in place of distances. Jumps go forward only, as the kernel demands.</summary>
internal sealed class FilterAssembler
{
    /// <summary>Label of the instruction that follows.</summary>
    public const int Next = 0;

    private readonly List<sock_filter> _code = [];
    private readonly List<(int At, int WhenTrue, int WhenFalse)> _jumps = [];
    private readonly Dictionary<int, int> _places = [];
    private int _labels;

    /// <summary>A label, to be placed later.</summary>
    public int NewLabel() => ++_labels;

    /// <summary>Lets the label stand for the instruction that comes next.</summary>
    public void Place(int label) => _places[label] = _code.Count;

    /// <summary>Loads a word of struct seccomp_data.</summary>
    public void Load(uint offset) => Add(BPF_LD | BPF_W | BPF_ABS, offset);

    /// <summary>Keeps the bits of a mask.</summary>
    public void And(uint mask) => Add(BPF_ALU | BPF_AND | BPF_K, mask);

    /// <summary>Ends with SECCOMP_RET_*.</summary>
    public void Return(uint action) => Add(BPF_RET | BPF_K, action);

    /// <summary>Goes to the label, however far.</summary>
    public void Jump(int label)
    {
        _jumps.Add((_code.Count, label, Next));
        Add(BPF_JMP | BPF_JA, 0);
    }

    /// <summary>Compares with BPF_JEQ, BPF_JGT or BPF_JGE; a label is at most 255 instructions away.</summary>
    public void Branch(int comparison, uint value, int whenTrue, int whenFalse)
    {
        _jumps.Add((_code.Count, whenTrue, whenFalse));
        Add(BPF_JMP | comparison | BPF_K, value);
    }

    /// <summary>struct sock_filter[]; a label at the end stands for whatever the caller appends.</summary>
    public byte[] ToBytes()
    {
        var code = CollectionsMarshal.AsSpan(_code);
        foreach (var (at, whenTrue, whenFalse) in _jumps)
        {
            if (code[at].code == (BPF_JMP | BPF_JA))
            {
                code[at].k = (uint)Distance(at, whenTrue);
                continue;
            }
            code[at].jt = checked((byte)Distance(at, whenTrue));
            code[at].jf = checked((byte)Distance(at, whenFalse));
        }
        return MemoryMarshal.AsBytes(code).ToArray();
    }

    private int Distance(int from, int label) => label == Next ? 0 : _places[label] - from - 1;

    private void Add(int code, uint k) => _code.Add(new sock_filter { code = (ushort)code, k = k });
}
