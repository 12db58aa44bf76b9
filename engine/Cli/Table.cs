namespace Engine.Cli;

/// <summary>Rows of cells under a header, each column as wide as its widest cell.</summary>
/// <param name="gap">Blanks between two columns.</param>
/// <param name="header">Names of the columns.</param>
public sealed class Table(int gap, params string[] header)
{
    private readonly List<string[]> _rows = [header];

    /// <summary>Adds a row with a cell for each column.</summary>
    public void Add(params string[] row) => _rows.Add(row);

    /// <summary>Prints it; no line ends in blanks.</summary>
    public void Print(TextWriter output)
    {
        int[] widths = [.. Enumerable.Range(0, header.Length).Select(column => _rows.Max(row => row[column].Length))];
        foreach (string[] row in _rows)
        {
            output.WriteLine(string.Join(new string(' ', gap), row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
