using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Cli;

/// <summary>
/// A JSON document that a command is given by its path. Read with the caller's rights, and never more of it than the loader of documents
/// takes (<see cref="ConfigLoader.MaxBytes"/>): a path may name a device, or a pipe that never ends.
/// </summary>
public static class InputFile
{
    private const string StandardInput = "-";

    /// <summary>What is in the file.</summary>
    /// <exception cref="EngineException">It cannot be read; in the words of peers, which scripts look for.</exception>
    public static byte[] Read(string path) => Read(path, File.OpenRead);

    /// <summary>The same, but <c>-</c> is standard input. <paramref name="name"/>: what errors about its content call it.</summary>
    /// <exception cref="EngineException">It cannot be read.</exception>
    public static byte[] ReadOrStandardInput(string path, out string name)
    {
        bool isInput = path == StandardInput;
        name = isInput ? "standard input" : path;
        return Read(name, isInput ? _ => Console.OpenStandardInput() : File.OpenRead);
    }

    private static byte[] Read(string name, Func<string, Stream> open)
    {
        try
        {
            using Stream input = open(name);
            return ConfigLoader.ReadBounded(input);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"open {Printable.Of(name)}: {Reason(name, error)}", inner: error);
        }
    }

    private static string Reason(string name, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file or directory",
        UnauthorizedAccessException => Directory.Exists(name) ? "is a directory" : "permission denied",
        _ => error.Message.TrimEnd('.'),
    };
}
