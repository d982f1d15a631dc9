"""tools/evaluate_mot.py: its table, its file and every way in which it says no."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmtrack_ext.utils.command_line import run_tool

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'evaluate_mot.py'


@pytest.fixture
def tool(monkeypatch):
    spec = importlib.util.spec_from_file_location('evaluate_mot_under_test', TOOL)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tool, monkeypatch, capsys, tmp_path):
    """Run the tool on ``results`` and ``gt``; gives status, standard output and error."""

    def call(*arguments, results=tmp_path / 'results', gt=tmp_path / 'gt'):
        command = [str(value) for value in ('evaluate_mot.py', results, gt, *arguments)]
        monkeypatch.setattr(sys, 'argv', command)
        status = 0
        try:
            run_tool(tool.main)
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def refuse(run):
    """Run the tool, which must fail with one line on standard error; gives the line."""

    def call(*arguments, **folders):
        status, out, err = run(*arguments, **folders)
        assert (status, out, err.count('\n')) == (2, '', 1)
        return err

    return call


def write_sequence(root, name, *, frames=4, results=True):
    """One object; the results change its id after two frames: HOTA 70.71, MOTA 75, IDF1 50."""
    folder = root / 'gt' / name
    (folder / 'gt').mkdir(parents=True)
    (root / 'results').mkdir(exist_ok=True)
    (folder / 'seqinfo.ini').write_text(f'[Sequence]\nname={name}\nseqLength={frames}\n')
    gt_lines = [f'{frame},1,10,20,30,60,1,1,1\n' for frame in range(1, frames + 1)]
    (folder / 'gt' / 'gt.txt').write_text(''.join(gt_lines))
    if results:
        lines = [f'{f},{1 + (f > 2)},10,20,30,60,0.9,-1,-1,-1\n' for f in range(1, frames + 1)]
        (root / 'results' / f'{name}.txt').write_text(''.join(lines))


@pytest.fixture
def two_sequences(tmp_path):
    write_sequence(tmp_path, 'MOT17-04-FRCNN')
    write_sequence(tmp_path, 'MOT17-02-FRCNN')
    return tmp_path


HEADER = 'Sequence HOTA DetA AssA LocA MOTA MOTP IDF1 IDP IDR FP FN IDSW Frag MT ML'
ROW = '70.71 100.00 50.00 100.00 75.00 100.00 50.00 50.00 50.00'


def test_table(two_sequences, run):
    status, out, err = run()
    assert (status, err) == (0, '')
    lines = out.splitlines()
    assert lines[0] == 'Protocol: MOT17 (auto, from the sequence names)'
    assert len({len(line) for line in lines[1:]}) == 1
    assert [' '.join(line.split()) for line in lines[1:]] == [
        HEADER,
        f'MOT17-02-FRCNN {ROW} 0 0 1 0 1 0',
        f'MOT17-04-FRCNN {ROW} 0 0 1 0 1 0',
        f'COMBINED {ROW} 0 0 2 0 2 0',
    ]


def test_json(two_sequences, run):
    file = two_sequences / 'out' / 'metrics.json'
    status, out, _ = run('--json', file)
    assert (status, out.splitlines()[-1]) == (0, f'Wrote {file}')
    scores = json.loads(file.read_text())
    assert list(scores) == ['protocol', 'MOT17-02-FRCNN', 'MOT17-04-FRCNN', 'COMBINED']
    combined = scores['COMBINED']
    assert scores['protocol'] == 'MOT17'
    assert (combined['MOTA'], combined['IDF1'], combined['IDSW']) == (75.0, 50.0, 2)
    assert combined['HOTA'] == pytest.approx(100 * 0.5**0.5)
    assert isinstance(combined['IDSW'], int)
    assert list(file.parent.iterdir()) == [file]


def test_chosen_sequences_and_benchmark(two_sequences, run):
    status, out, _ = run('--benchmark', 'none', '--sequences', 'MOT17-04-FRCNN')
    assert status == 0
    assert out.startswith('Protocol: none (as asked)\n')
    assert 'MOT17-02' not in out
    assert 'MOT17-04-FRCNN' in out


def test_several_classes(tmp_path, run):
    write_sequence(tmp_path, 'street')
    truth, results = tmp_path / 'gt/street/gt/gt.txt', tmp_path / 'results/street.txt'
    truth.write_text('1,1,0,0,9,9,1,1,1\n1,2,50,0,9,9,1,2,1\n')
    results.write_text('1,1,0,0,9,9,1,1,-1,-1\n1,2,90,0,9,9,1,2,-1,-1\n')
    status, out, err = run()
    assert (status, err) == (0, '')
    rows = {line[:10].strip(): line.split() for line in out.splitlines()[2:]}
    assert list(rows) == ['street', 'COMBINED', 'class 1', 'class 2']
    assert rows['class 1'][2] == '100.00'
    assert rows['class 2'][2] == '0.00'
    assert rows['COMBINED'][1] == '50.00'


def test_processes_change_nothing(two_sequences, run, tool, monkeypatch):
    alone = run()
    monkeypatch.setattr(tool, 'MIN_ROWS_FOR_PROCESSES', 0)
    assert run() == alone


def test_allow_missing_says_what_is_left_out(two_sequences, run, refuse):
    write_sequence(two_sequences, 'MOT17-05-FRCNN', results=False)
    write_sequence(two_sequences, 'MOT17-09-FRCNN', results=False)
    err = refuse()
    assert f'{two_sequences}/results' in err
    assert 'MOT17-05-FRCNN.txt, MOT17-09-FRCNN.txt; --allow-missing' in err
    status, out, _ = run('--allow-missing')
    assert status == 0
    assert 'Left out, no result file: MOT17-05-FRCNN, MOT17-09-FRCNN\n' in out
    assert f'COMBINED {ROW} 0 0 2 0 2 0' in ' '.join(out.split())


def test_all_missing_is_an_error_all_the_same(tmp_path, refuse):
    write_sequence(tmp_path, 'MOT20-01', results=False)
    assert 'no result file MOT20-01.txt' in refuse('--allow-missing')


def test_empty_results_are_scored(two_sequences, run):
    (two_sequences / 'results' / 'MOT17-02-FRCNN.txt').write_text('')
    status, out, err = run()
    assert status == 0
    assert err.startswith(f'warning: {two_sequences}/results/MOT17-02-FRCNN.txt has no rows')
    row = next(line for line in out.splitlines() if line.startswith('MOT17-02-FRCNN'))
    assert row.split()[1:4] == ['0.00', '0.00', '0.00']
    assert row.split()[10:] == ['0', '4', '0', '0', '0', '1']


def test_without_seqinfo_the_ground_truth_ends_the_sequence(two_sequences, run, refuse):
    seqinfo = two_sequences / 'gt' / 'MOT17-02-FRCNN' / 'seqinfo.ini'
    seqinfo.unlink()
    status, _, err = run()
    assert status == 0
    assert err == f'warning: {seqinfo} is missing; MOT17-02-FRCNN ends with its last frame, 4\n'
    append(two_sequences / 'results' / 'MOT17-02-FRCNN.txt', '9,1,0,0,5,5,1,-1,-1,-1\n')
    reason = f'as its ground truth ends there and {seqinfo} is missing'
    assert f'line 5: frame 9: the sequence has frames 1 to 4, {reason}' in refuse()


def append(path, text):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    ('row', 'problem'),
    [
        ('9,1,0,0,5,5,1,-1,-1,-1', 'frame 9: the sequence has frames 1 to 4'),
        ('3,8,0,0,5,5,1,7,-1,-1', 'frame 3: class 7 where MOT17 scores pedestrians only'),
        ('3,x,0,0,5,5,1,-1,-1,-1', "'x' is not a number"),
    ],
)
def test_bad_rows_of_results(two_sequences, refuse, row, problem):
    path = two_sequences / 'results' / 'MOT17-04-FRCNN.txt'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([*lines[:2], '', row, *lines[2:]]))
    assert refuse().startswith(f'error: {path}, line 4: {problem}')


@pytest.mark.parametrize(
    ('row', 'problem'),
    [
        ('5,1,0,0,5,5,1,1,1', 'frame 5: the sequence has frames 1 to 4'),
        ('2,1,0,0,5,5,1,1,1', 'frame 2: id 1 stands twice in this frame'),
        ('2,9,0,0,5,5,1,14,1', 'frame 2: MOT17 knows classes 1 to 13, this row has class 14'),
    ],
)
def test_bad_rows_of_ground_truth(two_sequences, refuse, row, problem):
    path = two_sequences / 'gt' / 'MOT17-02-FRCNN' / 'gt' / 'gt.txt'
    append(path, row)
    assert refuse().startswith(f'error: {path}, line 5: {problem}')


def test_empty_ground_truth(two_sequences, refuse):
    path = two_sequences / 'gt' / 'MOT17-02-FRCNN' / 'gt' / 'gt.txt'
    path.write_text('\n')
    assert refuse() == f'error: {path}: there is no row of ground truth to score by\n'


def test_bad_seqinfo(two_sequences, refuse):
    path = two_sequences / 'gt' / 'MOT17-02-FRCNN' / 'seqinfo.ini'
    path.write_text('[Sequence]\nname=x\n')
    assert f"{path}: key 'seqLength' is missing" in refuse()


def test_folders_that_do_not_fit(two_sequences, refuse):
    nowhere, single = two_sequences / 'nowhere', two_sequences / 'gt' / 'MOT17-02-FRCNN'
    assert refuse(results=nowhere) == f'error: {nowhere}: no such folder\n'
    assert refuse(gt=nowhere) == f'error: {nowhere}: no such folder\n'
    assert f'{single}: no folder in it has ground truth' in refuse(gt=single)
    assert 'pass the folder above it' in refuse(gt=single)
    assert f'{nowhere.parent}/results: no folder in it' in refuse(gt=two_sequences / 'results')


def test_unknown_sequence(two_sequences, refuse):
    err = refuse('--sequences', 'MOT17-02-FRCNN', 'MOT17-03-FRCNN')
    assert err == (
        f'error: {two_sequences}/gt: no sequence MOT17-03-FRCNN; '
        'there are MOT17-02-FRCNN, MOT17-04-FRCNN\n'
    )


def test_mixed_names_need_the_benchmark(two_sequences, run, refuse):
    write_sequence(two_sequences, 'my-street')
    assert 'my-street (none)' in refuse()
    assert run('--benchmark', 'MOT17')[0] == 0
    assert 'Protocol: none (auto' in run('--sequences', 'my-street')[1]


def test_json_that_cannot_be_written(two_sequences, refuse):
    assert f'{two_sequences}: --json needs a file' in refuse('--json', two_sequences)


def test_runs_from_anywhere_without_the_network_libraries(two_sequences, tmp_path):
    code = f"""
import runpy, sys
class Blocked:
    def find_spec(self, name, *_):
        if name.split('.')[0] in ('torch', 'mmengine', 'mmcv', 'mmdet', 'cv2'):
            raise ImportError(name + ' is blocked')
sys.meta_path.insert(0, Blocked())
sys.argv = ['evaluate_mot.py', 'results', 'gt']
runpy.run_path({str(TOOL)!r}, run_name='__main__')
"""
    command = [sys.executable, '-I', '-c', code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith('Protocol: MOT17')


def test_exit_status_of_the_script(two_sequences):
    command = [sys.executable, TOOL, two_sequences / 'results', two_sequences / 'none']
    done = subprocess.run(command, cwd='/', capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == f'error: {two_sequences}/none: no such folder\n'
