using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Json;
using ArdorQr.Ton;

namespace ArdorQr.FuzzTon;

/// <summary>
/// Makes bags and addresses near the samples: bits flipped, pieces cut, moved and mixed, counts and sizes changed; and
/// checksums set right again, so that what is behind them is reached too.
/// </summary>
internal sealed class Mutator(Random random)
{
    private const int MaxEdits = 4;
    private const int MaxPieceBytes = 12;
    private const int ChecksumFlag = 0x40;
    private const int ChecksumBytes = 4;
    private const int HeaderBytes = 16; // Magic, flags, sizes, counts: where a change matters most.

    private static readonly List<byte[]> Bags = ReadBags();
    private static readonly List<string> Addresses = ReadAddresses();

    public Random Random => random;

    public FuzzedInput NextBag()
    {
        var bytes = Bags[random.Next(Bags.Count)].ToList();
        for (var edits = random.Next(1, MaxEdits); edits > 0 && bytes.Count > 0; edits--)
        {
            Edit(bytes);
        }

        var bag = bytes.ToArray();
        if (random.Next(4) > 0)
        {
            SetChecksumRight(bag);
        }

        return new FuzzedInput(bag, null);
    }

    public FuzzedInput NextAddress()
    {
        var text = new StringBuilder(Addresses[random.Next(Addresses.Count)]);
        for (var edits = random.Next(0, MaxEdits); edits > 0 && text.Length > 0; edits--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(6))
            {
                case 0:
                    text[at] = (char)random.Next(' ', '~' + 1);
                    break;
                case 1:
                    text[at] = (char)random.Next(char.MaxValue + 1);
                    break;
                case 2:
                    text.Remove(at, 1);
                    break;
                case 3:
                    text.Insert(at, " \t\n=-+_/:0"[random.Next(10)]);
                    break;
                case 4:
                    text[at] = char.IsAsciiLetterLower(text[at]) ? char.ToUpperInvariant(text[at]) : char.ToLowerInvariant(text[at]);
                    break;
                default:
                    (text[at], text[0]) = (text[0], text[at]);
                    break;
            }
        }

        return new FuzzedInput(null, text.ToString());
    }

    private void Edit(List<byte> bytes)
    {
        var at = random.Next(random.Next(2) == 0 ? Math.Min(HeaderBytes, bytes.Count) : bytes.Count);
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, MaxPieceBytes)));
                break;
            case 3:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 4:
                bytes[at] = (byte)(bytes[at] + (random.Next(2) == 0 ? 1 : -1)); // A count that is one off.
                break;
            case 5:
                bytes[at] = bytes[random.Next(bytes.Count)];
                break;
            case 6:
                var other = Bags[random.Next(Bags.Count)];
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other.Skip(from).Take(random.Next(1, MaxPieceBytes)));
                break;
            case 7:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                bytes[at] = 0xff;
                break;
        }
    }

    /// <summary>By a calculation of our own: the codec's isn't asked about itself.</summary>
    private static void SetChecksumRight(byte[] bag)
    {
        if (bag.Length <= ChecksumBytes + 5 || (bag[4] & ChecksumFlag) == 0)
        {
            return;
        }

        var crc = uint.MaxValue;
        foreach (var value in bag.AsSpan(0, bag.Length - ChecksumBytes))
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bag.AsSpan(bag.Length - ChecksumBytes), ~crc);
    }

    private static List<byte[]> ReadBags()
    {
        using var cells = Read("shared-cells.json");
        var roots = cells.RootElement.GetProperty("cells").EnumerateArray()
            .Concat(cells.RootElement.GetProperty("jettonBodies").EnumerateArray())
            .Select(vector => BagOfCells.ParseBase64(vector.GetProperty("bocBase64").GetString()!)).ToList();
        var chain = Cell.Empty;
        for (var depth = 0; depth < Cell.MaxDepth; depth++)
        {
            chain = new CellBuilder().StoreRef(chain).Build();
        }

        return
        [
            .. roots.SelectMany(root => new[]
            {
                BagOfCells.Serialize(root), BagOfCells.Serialize(root, crc32c: false),
                BagOfCells.Serialize(root, crc32c: false, index: true), BagOfCells.Serialize(root, index: true),
            }),
            BagOfCells.Serialize(chain), BagOfCells.Serialize(JettonWallet.UsdtMainnetCode),
            BagOfCells.Serialize(WalletV5R1.Code, crc32c: false), new byte[BagOfCells.MaxBytes + 1],
            Wide(BagOfCells.MaxCells + 1), Deep(BagOfCells.MaxDepth + 2),
        ];
    }

    /// <summary>Cells that nothing refers to, more than are read.</summary>
    private static byte[] Wide(int cells) => [.. Header(cells, cells * 2), .. new byte[cells * 2]];

    /// <summary>A longer chain of cells than is read.</summary>
    private static byte[] Deep(int cells)
    {
        var body = Enumerable.Range(1, cells - 1).SelectMany(next => new byte[] { 1, 0, (byte)(next >> 8), (byte)next })
            .Concat(new byte[2]).ToArray();
        return [.. Header(cells, body.Length), .. body];
    }

    private static byte[] Header(int cells, int lengthBytes) =>
    [
        0xb5, 0xee, 0x9c, 0x72, 2, 3, (byte)(cells >> 8), (byte)cells, 0, 1, 0, 0,
        (byte)(lengthBytes >> 16), (byte)(lengthBytes >> 8), (byte)lengthBytes, 0, 0,
    ];

    private static List<string> ReadAddresses()
    {
        using var addresses = Read("shared-addresses.json");
        return
        [
            .. addresses.RootElement.GetProperty("addresses").EnumerateArray()
                .SelectMany(vector => vector.EnumerateObject())
                .Where(member => member.Value.ValueKind == JsonValueKind.String)
                .Select(member => member.Value.GetString()!)
                .Where(text => TonAddress.TryParse(text, out _)),
        ];
    }

    private static JsonDocument Read(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "samples/ton", name)));
}
