using System.Runtime.InteropServices;
using System.Text;
using Engine.Shared.Linux;

namespace Engine.Rpc.Linux;

/// <summary>Error numbers as people read them.</summary>
public static class ErrnoText
{
    /// <summary>The C name (<c>ENOENT</c>), or the number where there is none.</summary>
    public static string Name(int errno)
    {
        string name = Encoding.ASCII.GetString(Errno.Name(errno));
        return name == "?" ? errno.ToString() : name;
    }

    /// <summary><c>No such file or directory (ENOENT)</c></summary>
    public static string Describe(int errno) => $"{Marshal.GetPInvokeErrorMessage(errno)} ({Name(errno)})";

    /// <summary><c>OPERATION PATH: TEXT (NAME): DETAIL</c>, less what is empty or 0.</summary>
    public static string Line(string operation, string path, int errno, string detail)
    {
        string line = path.Length == 0 ? operation : operation.Length == 0 ? path : $"{operation} {path}";
        if (errno != 0)
        {
            line += $": {Describe(errno)}";
        }

        return detail.Length == 0 ? line : $"{line}: {detail}";
    }
}
