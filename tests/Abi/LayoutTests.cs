using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Shared.Linux;

namespace Engine.Tests.Abi;

/// <summary>Every constant, size and offset in shared/Linux, as assertions that a C compiler evaluates against the installed headers.</summary>
public class LayoutTests
{
    [X64Fact]
    public void Compiler_agrees_on_x64() => Prove(Compiler.X64);

    [Arm64Fact]
    public void Compiler_agrees_on_arm64() => Prove(Compiler.Arm64);

    [Fact]
    public void A_wrong_constant_would_be_seen()
    {
        if (Compiler.X64.Missing() is not null)
            return;
        Assert.Contains("MS_SLAVE", Compiler.X64.Check("#include <linux/mount.h>\n" + Assertion("MS_SLAVE", "MS_SLAVE", "1")), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_machines_list_the_same_system_calls()
    {
        static IEnumerable<string> Names(Type type) => Constants(type).Select(c => c.Name).Order(StringComparer.Ordinal);
        Assert.Equal(Names(typeof(Shared.Linux.X64.SyscallNumbers)), Names(typeof(Shared.Linux.Arm64.SyscallNumbers)));
    }

    [Fact]
    public void No_exception_is_left_over()
    {
        HashSet<string> known = [.. typeof(Errno).Assembly.GetTypes().Where(t => Belongs(t, Compiler.X64)).SelectMany(Constants).Select(c => c.Name)];
        string[] excepted = [.. Exceptions.Younger.Keys, .. Exceptions.Unproved.Keys, .. Exceptions.Spelling.Keys, .. Exceptions.Elsewhere.Keys];
        Assert.All(excepted, name => Assert.Contains(name, known));
    }

    private static void Prove(Compiler compiler)
    {
        StringBuilder complaints = new();
        int classes = 0, structs = 0;
        foreach (Type type in typeof(Errno).Assembly.GetTypes().Where(t => Belongs(t, compiler)).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            string source;
            if (type.IsValueType)
            {
                Assert.True(Headers.OfStruct.TryGetValue(type.Name, out Headers.Struct? c), $"{type.Name} has no entry in Headers.OfStruct");
                source = Includes(c!.Includes) + StructAssertions(type, c);
                structs++;
            }
            else
            {
                if (Constants(type).Count == 0 || type.Name.EndsWith("Names", StringComparison.Ordinal))
                    continue;
                Assert.True(Headers.OfClass.TryGetValue(type.Name, out string[]? includes), $"{type.Name} has no entry in Headers.OfClass");
                ILookup<bool, FieldInfo> constants = Constants(type).ToLookup(c => Exceptions.Elsewhere.ContainsKey(c.Name));
                source = Includes(includes!) + Machine(compiler) + string.Concat(constants[false].Select(Constant));
                foreach (FieldInfo constant in constants[true])
                    complaints.Append(compiler.Check(Includes([Exceptions.Elsewhere[constant.Name]]) + Constant(constant)));
                classes++;
            }
            string answer = compiler.Check(source);
            if (answer.Length != 0)
                complaints.Append(CultureInfo.InvariantCulture, $"--- {type.Name}\n{answer}");
        }
        Assert.True(complaints.Length == 0, complaints.ToString());
        // Nothing was proved if reflection found nothing.
        Assert.True(classes >= 30 && structs >= 40, $"{classes} classes and {structs} structs");
    }

    // Types of both machines share names: only the compiler's own and the common ones.
    private static bool Belongs(Type type, Compiler compiler) =>
        !type.IsNested && (type.Namespace == "Engine.Shared.Linux" || type.Namespace == "Engine.Shared.Linux." + compiler.Namespace);

    private static List<FieldInfo> Constants(Type type) =>
        [.. type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral)];

    private static string Includes(string[] headers) =>
        "#define _GNU_SOURCE\n#include <stddef.h>\n" + string.Concat(headers.Select(h => $"#include <{h}>\n"));

    private static string Machine(Compiler compiler) => compiler == Compiler.X64
        ? "#define NATIVE_AUDIT_ARCH AUDIT_ARCH_X86_64\n#define NATIVE_EM EM_X86_64\n"
        : "#define NATIVE_AUDIT_ARCH AUDIT_ARCH_AARCH64\n#define NATIVE_EM EM_AARCH64\n";

    private static string Constant(FieldInfo field)
    {
        if (Exceptions.Unproved.ContainsKey(field.Name))
            return "";
        object raw = field.GetRawConstantValue()!;
        string value = raw is ulong u ? u.ToString(CultureInfo.InvariantCulture) + "ULL" : Convert.ToInt64(raw, CultureInfo.InvariantCulture) + "LL";
        string name = field.Name.StartsWith("SYS_", StringComparison.Ordinal) ? "__NR_" + field.Name[4..] : field.Name;
        string assertion = Assertion(Exceptions.Spelling.GetValueOrDefault(name, name), field.Name, value);
        return Exceptions.Younger.ContainsKey(field.Name) ? $"#ifdef {name}\n{assertion}#endif\n" : assertion;
    }

    private static string Assertion(string expression, string name, string value) =>
        $"_Static_assert((unsigned long long)({expression}) == (unsigned long long)({value}), \"{name} is not {value}\");\n";

    private static string StructAssertions(Type type, Headers.Struct c)
    {
        StringBuilder text = new();
        if (!c.Prefix)
            text.Append(Assertion($"sizeof({c.Type})", "sizeof " + type.Name, Marshal.SizeOf(type).ToString(CultureInfo.InvariantCulture)));
        foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            string path = $"{type.Name}.{field.Name}";
            // Padding and spare room are ours to name; the size and the next field prove them.
            if (field.Name.StartsWith("__", StringComparison.Ordinal) || Exceptions.NoOffset.ContainsKey(path))
                continue;
            string member = Exceptions.Field.GetValueOrDefault(path, field.Name);
            string offset = Marshal.OffsetOf(type, field.Name).ToString(CultureInfo.InvariantCulture);
            text.Append(Assertion($"offsetof({c.Type}, {member})", "offset of " + path, offset));
            // A flexible or shortened last member has no size of its own to compare.
            if (!c.Prefix || !path.EndsWith(".d_name", StringComparison.Ordinal))
                text.Append(Assertion($"sizeof((({c.Type} *)0)->{member})", "size of " + path, FieldSize(field)));
        }
        return text.ToString();
    }

    private static string FieldSize(FieldInfo field)
    {
        Type type = field.FieldType;
        int size = type.IsPointer ? IntPtr.Size : Marshal.SizeOf(type);
        return size.ToString(CultureInfo.InvariantCulture);
    }
}
